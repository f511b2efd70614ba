/** The end of a line that names a property, or the beginning of one: `bucket.te`, `a.bucket["x y/`. */
export interface Access {
  /** The names that lead to the object. */
  path: string[];
  /** The object, as it was typed. */
  object: string;
  /** How the property is asked for. */
  chain: "." | "?.";
  /** The quote that the property's name began with, if one did. */
  quote?: '"' | "'" | "`";
  /** The beginning of the property's name. */
  partial: string;
  /** All of it, as it was typed. */
  typed: string;
}

const name = String.raw`[\p{ID_Start}$_](?:[\p{ID_Continue}$]|\u200c|\u200d)*`;
const object = String.raw`(?<![\p{ID_Continue}$.\])"'\x60}])(?<object>${name}(?:\??\.${name})*?)`;
const afterDot = new RegExp(String.raw`${object}(?<chain>\??\.)(?<partial>(?:${name})?)$`, "u");
const afterBracket = new RegExp(
  String.raw`${object}(?<chain>(?:\?\.)?)\[\s*(?<quote>["'\x60])(?<partial>(?:\\.|(?!\k<quote>)[^\\])*)$`,
  "u",
);

/** What the end of a line asks for, or undefined where it names no property. */
export function accessAtEnd(line: string): Access | undefined {
  const match = afterBracket.exec(line) ?? afterDot.exec(line);
  if (match?.groups === undefined) return undefined;
  const { object = "", chain, quote, partial = "" } = match.groups;
  const found: Access = {
    path: object.split(/\??\./),
    object,
    chain: chain?.startsWith("?") === true ? "?." : ".",
    partial: quote === undefined ? partial : unescape(partial),
    typed: match[0],
  };
  if (quote !== undefined) found.quote = quote as '"';
  return found;
}

// A string's literal that is not closed yet.
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

/** Whether a key can stand after a dot. */
export function isIdentifier(key: string): boolean {
  return identifier.test(key);
}
