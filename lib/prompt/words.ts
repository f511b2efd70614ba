/**
 * The words of a command such as `.put "my file" key`: those with spaces in them stand in quotes, double
 * (where `\n`, `\"` and the like mean what they do in JavaScript) or single (where nothing does).
 *
 * @throws SyntaxError for a quote that is not closed
 */
export function wordsOf(text: string): string[] {
  const words: string[] = [];
  const word = /\s*(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([^\s"']\S*))(?=\s|$)/uy;
  let rest = text.trimEnd();
  while (rest !== "") {
    word.lastIndex = 0;
    const match = word.exec(rest);
    if (match === null)
      throw new SyntaxError(`Put a word with spaces or quotes in it in quotes: ${rest.trim()}`);
    const [all, double, single, plain] = match;
    words.push(double === undefined ? (single ?? plain ?? "") : (JSON.parse(`"${double}"`) as string));
    rest = rest.slice(all.length);
  }
  return words;
}
