/** The property, or the beginning of its name, at the end of a line: `bucket.te`, `a.bucket["x y/`. */
export interface Access {
  /** The object as typed. Only plain members lead to it, so that to evaluate it calls, assigns and makes nothing. */
  object: string;
  chain: "." | "?.";
  /** The quote before the property's name, if any. */
  quote?: '"' | "'" | "`";
  /** The beginning of the property's name. */
  partial: string;
  /** All of the above as typed. */
  typed: string;
}

const name = String.raw`[\p{ID_Start}$_](?:[\p{ID_Continue}$]|\u200c|\u200d)*`;
const literal = String.raw`"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\x60[^\x60\\$]*\x60`;
const member = String.raw`\??\.${name}|(?:\?\.)?\[\s*(?:${literal}|\d+|${name})\s*\]`;
const object = String.raw`(?<![\p{ID_Continue}$.\])"'\x60}])(?<object>(?:${name}|${literal})(?:${member})*?)`;
const afterDot = new RegExp(String.raw`${object}(?<chain>\??\.)(?<partial>(?:${name})?)$`, "u");
const afterBracket = new RegExp(
  String.raw`${object}(?<chain>(?:\?\.)?)\[\s*(?<quote>["'\x60])(?<partial>(?:\\.|(?!\k<quote>)[^\\])*)$`,
  "u",
);

/** Parses the end of a line. Returns undefined if it is not a property of plain members. */
export function accessAtEnd(line: string): Access | undefined {
  const match = afterBracket.exec(line) ?? afterDot.exec(line);
  if (match?.groups === undefined) return undefined;
  const { object = "", chain, quote, partial = "" } = match.groups;
  const found: Access = {
    object,
    chain: chain?.startsWith("?") === true ? "?." : ".",
    partial: quote === undefined ? partial : unescape(partial),
    typed: match[0],
  };
  if (quote !== undefined) found.quote = quote as '"';
  return found;
}

/** A key, or its beginning, as a string literal at the end of a line: `map.get("te`. */
export interface Argument {
  /** The map as typed. Only plain members lead to it. */
  object: string;
  quote: '"' | "'" | "`";
  partial: string;
  /** The literal as typed. */
  typed: string;
}

const methods =
  "get|set|has|delete|head|create|update|copy|rename|url|versions|subMap|getFile|putFile|keys|values|entries|list";
const inCall = new RegExp(
  String.raw`${object}\??\.(?:${methods})\(\s*(?<typed>(?<quote>["'\x60])(?<partial>(?:\\.|(?!\k<quote>)[^\\])*))$`,
  "u",
);

/** Parses the end of a line. Returns undefined if it is not the first argument of a map's method. */
export function argumentAtEnd(line: string): Argument | undefined {
  const groups = inCall.exec(line)?.groups;
  if (groups === undefined) return undefined;
  const { object = "", quote, partial = "", typed = "" } = groups;
  return { object, quote: quote as '"', partial: unescape(partial), typed };
}

/** A key, or its beginning, as a word of a command at the end of a line: `.get te`, `.ls "a b`. */
export interface Word {
  quote: '"' | "'" | undefined;
  partial: string;
  /** The word as typed. */
  typed: string;
}

const inCommand =
  /^\s*\.(?:(?:ls|get|head|url)|put\s+(?:"(?:[^"\\]|\\.)*"|'[^']*'|[^\s"']\S*))\s+("(?:[^"\\]|\\.)*|'[^']*|[^\s"']\S*|)$/u;

/** Whether a line is a command with arguments, which are not JavaScript. */
export function isCommand(line: string): boolean {
  return /^\s*\.\w+\s/.test(line);
}

/** Parses a line. Returns undefined if it does not end with the key of a command. */
export function wordAtEnd(line: string): Word | undefined {
  const typed = inCommand.exec(line)?.[1];
  if (typed === undefined) return undefined;
  if (typed.startsWith('"')) return { quote: '"', partial: unescape(typed.slice(1)), typed };
  if (typed.startsWith("'")) return { quote: "'", partial: typed.slice(1), typed };
  return { quote: undefined, partial: typed, typed };
}

// Of a string literal that is still open.
function unescape(text: string): string {
  const short: Readonly<Record<string, string>> = {
    n: "\n",
    r: "\r",
    t: "\t",
    b: "\b",
    f: "\f",
    v: "\v",
    0: "\0",
  };
  return text.replace(
    /\\(?:u\{([\da-f]{1,6})\}|u([\da-f]{4})|x([\da-f]{2})|(.))/giu,
    (_all, braced?: string, four?: string, two?: string, one?: string) => {
      const code = braced ?? four ?? two;
      if (one !== undefined) return short[one] ?? one;
      const point = parseInt(code ?? "", 16);
      return point <= 0x10ffff ? String.fromCodePoint(point) : "";
    },
  );
}

const identifier = new RegExp(`^${name}$`, "u");

/** Whether `object.key` is valid syntax. */
export function isIdentifier(key: string): boolean {
  return identifier.test(key);
}

/** A word whose quote is not closed. */
const open = /^(?:"(?:[^"\\]|\\.)*\\?|'[^']*)$/u;

/**
 * Splits the arguments of a command such as `.put "my file" key`. Quotes keep spaces: double ones, where escapes such as
 * `\n` and `\"` mean what they do in JavaScript, or single ones, where they mean nothing.
 *
 * @throws SyntaxError for a quote that is not closed, or not at the end of a word
 */
export function wordsOf(text: string): string[] {
  const words: string[] = [];
  const word = /\s*(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([^\s"']\S*))(?=\s|$)/uy;
  let rest = text.trimEnd();
  while (rest !== "") {
    word.lastIndex = 0;
    const match = word.exec(rest);
    if (match === null) {
      const at = rest.trim();
      throw new SyntaxError(
        open.test(at) ? `The quote is not closed: ${at}` : `After a closing quote comes a space: ${at}`,
      );
    }
    const [all, double, single, plain] = match;
    words.push(double === undefined ? (single ?? plain ?? "") : unescape(double));
    rest = rest.slice(all.length);
  }
  return words;
}
