const escapes: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

// Like S3, this also writes control characters as references. XML 1.0 forbids most of these, so listings should ask for
// encoding-type=url.
// eslint-disable-next-line no-control-regex
const special = /[&<>"\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\ufffe\uffff]/g;

export function escapeXml(text: string): string {
  return text.replace(special, (char) => escapes[char] ?? `&#x${char.charCodeAt(0).toString(16)};`);
}

export type Elements = Record<string, string | number | boolean | undefined>;

/** The elements whose values are defined, in order. */
export function elements(properties: Elements): string {
  return Object.entries(properties)
    .map(([name, value]) => (value === undefined ? "" : `<${name}>${escapeXml(String(value))}</${name}>`))
    .join("");
}

export function xmlDocument(root: string, content: string, attribute = ""): Buffer {
  return Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>\n<${root}${attribute}>${content}</${root}>`);
}

export interface XmlElement {
  name: string;
  children: XmlElement[];
  text: string;
}

const token = /<\/(\w+)>|<(\w+)(?: xmlns="[^"<]*")?>|([^<]+)/y;
// Not a Char of XML 1.0: https://www.w3.org/TR/xml/#charsets
const forbidden = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u;
const entities = new Map([
  ["amp", "&"],
  ["lt", "<"],
  ["gt", ">"],
  ["quot", '"'],
  ["apos", "'"],
]);

/**
 * Parses the small XML bodies of requests, as far as the SDK uses XML: without document types, comments, CDATA
 * sections and attributes other than the namespace.
 *
 * @throws SyntaxError if the XML is not well-formed, for example because of a reference to U+0001
 */
export function parseXml(bytes: Uint8Array): XmlElement {
  let source: string;
  try {
    source = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new SyntaxError("not UTF-8");
  }
  if (forbidden.test(source)) throw new SyntaxError("a character that XML 1.0 does not allow");
  source = source.replace(/^<\?xml [^<>]*\?>/, "").replace(/\r\n?/g, "\n");
  const outside: XmlElement = { name: "", children: [], text: "" };
  const open = [outside];
  token.lastIndex = 0;
  while (token.lastIndex < source.length) {
    const match = token.exec(source);
    const top = open.at(-1);
    if (!match || !top) throw new SyntaxError("not well-formed");
    const [, closing, opening, text] = match;
    if (text !== undefined) top.text += resolveReferences(text);
    else if (opening !== undefined) {
      const child: XmlElement = { name: opening, children: [], text: "" };
      top.children.push(child);
      open.push(child);
    } else if (open.pop()?.name !== closing) throw new SyntaxError(`unexpected </${closing}>`);
  }
  const [root, second] = outside.children;
  if (open.length !== 1 || !root || second || outside.text.trim() !== "")
    throw new SyntaxError("not one element");
  return root;
}

function resolveReferences(text: string): string {
  return text.replace(/&(?:#x([0-9a-fA-F]{1,4})|(\w+));|&/g, (_all, hex?: string, name = "") => {
    const char = hex === undefined ? entities.get(name as string) : String.fromCharCode(parseInt(hex, 16));
    if (char === undefined || forbidden.test(char)) throw new SyntaxError("a bad reference");
    return char;
  });
}

/** The text of the child of that name, if there is one. @throws SyntaxError for more than one */
export function childText(parent: XmlElement, name: string): string | undefined {
  const found = parent.children.filter((child) => child.name === name);
  if (found.length > 1) throw new SyntaxError(`more than one <${name}>`);
  return found[0]?.text;
}
