const NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/";
const named: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

// S3 writes control characters as references, too. XML 1.0 forbids most of these, so listings should ask for
// encoding-type=url.
// eslint-disable-next-line no-control-regex
const special = /[&<>"\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\ufffe\uffff]/g;

export function escapeXml(text: string): string {
  return text.replace(special, (char) => named[char] ?? `&#x${char.charCodeAt(0).toString(16)};`);
}

export function element(name: string, text: string | number | boolean): string {
  return `<${name}>${escapeXml(String(text))}</${name}>`;
}

export function xmlDocument(
  root: string,
  content: string,
  { namespace = true }: { namespace?: boolean } = {},
): Buffer {
  const attribute = namespace ? ` xmlns="${NAMESPACE}"` : "";
  return Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>\n<${root}${attribute}>${content}</${root}>`);
}

export interface XmlElement {
  /** Without a namespace prefix. */
  name: string;
  children: XmlElement[];
  text: string;
}

const token =
  /<!--[^]*?-->|<\?[^]*?\?>|<!\[CDATA\[([^]*?)\]\]>|<\/([^\s<>]+)\s*>|<([^\s<>/!?]+)((?:\s+[^\s=<>/]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>|([^<]+)/y;
// Not a Char of XML 1.0. Decoding has made sure that surrogates come in pairs.
const forbidden = /[^\t\n\r\u0020-\ufffd]/;
const entities: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

/**
 * Parses the small XML bodies of requests. Document types are refused, so entities cannot expand.
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
  source = source.replace(/\r\n?/g, "\n");
  const outside: XmlElement = { name: "", children: [], text: "" };
  const open: XmlElement[] = [outside];
  token.lastIndex = 0;
  while (token.lastIndex < source.length) {
    const match = token.exec(source);
    const top = open[open.length - 1];
    if (!match || !top) throw new SyntaxError("not well-formed");
    const [, cdata, closing, opening, , selfClosing, text] = match;
    if (cdata !== undefined) top.text += cdata;
    else if (text !== undefined) top.text += resolveReferences(text);
    else if (closing !== undefined) {
      if (open.length === 1 || top.name !== localName(closing))
        throw new SyntaxError(`unexpected </${closing}>`);
      open.pop();
    } else if (opening !== undefined) {
      const child: XmlElement = { name: localName(opening), children: [], text: "" };
      top.children.push(child);
      if (!selfClosing) open.push(child);
    }
  }
  const [root, second] = outside.children;
  if (open.length !== 1 || !root || second || outside.text.trim() !== "")
    throw new SyntaxError("not one element");
  return root;
}

function localName(name: string): string {
  return name.slice(name.indexOf(":") + 1);
}

function resolveReferences(text: string): string {
  return text.replace(
    /&(?:#x([0-9a-fA-F]+)|#([0-9]+)|(\w+));|&/g,
    (_all, hex?: string, decimal?: string, name?: string) => {
      if (name !== undefined && Object.hasOwn(entities, name)) return entities[name] ?? "";
      const code = hex !== undefined ? parseInt(hex, 16) : parseInt(decimal ?? "", 10);
      if (!(code <= 0x10ffff) || (code >= 0xd800 && code <= 0xdfff)) throw new SyntaxError("a bad reference");
      const char = String.fromCodePoint(code);
      if (forbidden.test(char))
        throw new SyntaxError("a reference to a character that XML 1.0 does not allow");
      return char;
    },
  );
}

/** The text of the child of that name, if there is one. @throws SyntaxError for more than one */
export function childText(parent: XmlElement, name: string): string | undefined {
  const found = parent.children.filter((child) => child.name === name);
  if (found.length > 1) throw new SyntaxError(`more than one <${name}>`);
  return found[0]?.text;
}
