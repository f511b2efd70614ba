/**
 * The end of a message about an unknown name: the name that was probably meant, if one is close.
 *
 * @param otherwise - the end if none is
 */
export function didYouMean(
  given: string,
  names: readonly string[],
  otherwise: string,
  write: (name: string) => string = (name) => `"${name}"`,
): string {
  const plain = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, "");
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(given.length / 3)) + 1;
  for (const name of names) {
    const distance = editDistance(plain(given), plain(name));
    if (distance < bestDistance) [best, bestDistance] = [name, distance];
  }
  return best === undefined ? otherwise : `: did you mean ${write(best)}?`;
}

// The Levenshtein distance, computed row by row.
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i += 1) {
    const nextRow = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const substituted = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      nextRow.push(Math.min(substituted, row[j]! + 1, nextRow[j - 1]! + 1));
    }
    row = nextRow;
  }
  return row[b.length]!;
}
