// What all pictures have in common: a card with a background of its own, so that they can be read on any page, and
// colours that follow the reader's choice of light or dark where the program that shows them knows it.

const light = {
  card: "#f6f8fa",
  border: "#d0d7de",
  text: "#1f2328",
  dim: "#59636e",
  accent: "#0969da",
  box: "#ffffff",
  bar: "#99a3ad",
};
/** @type {typeof light} */
const dark = {
  card: "#161b22",
  border: "#3d444d",
  text: "#e6edf3",
  dim: "#9da7b3",
  accent: "#4493f8",
  box: "#0d1117",
  bar: "#6e7681",
};

// The attribute keeps the light colour. A rule is stronger than an attribute.
const darkRules = /** @type {(keyof typeof light)[]} */ (Object.keys(light))
  .flatMap((name) => ["fill", "stroke"].map((what) => `[${what}="${light[name]}"]{${what}:${dark[name]}}`))
  .join("");

const sans = "system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif";
const mono = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace";

/** @param {string} text */
const escaped = (text) =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

/**
 * A whole picture.
 *
 * @param {{ width: number, height: number, title: string, colours?: "follow" | "fixed" }} what
 * @param {string} body
 */
const picture = ({ width, height, title, colours = "follow" }, body) =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(title)}">
<title>${escaped(title)}</title>
${colours === "follow" ? `<style>@media (prefers-color-scheme: dark){${darkRules}}</style>\n` : ""}${body}
</svg>
`;

/** @param {number} width @param {number} height */
const card = (width, height, fill = light.card, stroke = light.border) =>
  `<rect x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="8" fill="${fill}" stroke="${stroke}"/>`;

/**
 * @param {number} x
 * @param {number} y
 * @param {string} text
 * @param {{ size?: number, fill?: string, anchor?: "start" | "middle" | "end", weight?: number, font?: string }} [how]
 */
const label = (
  x,
  y,
  text,
  { size = 14, fill = light.text, anchor = "start", weight = 400, font = sans } = {},
) =>
  `<text x="${x}" y="${y}" font-family="${font}" font-size="${size}" font-weight="${weight}" text-anchor="${anchor}" fill="${fill}" xml:space="preserve">${escaped(text)}</text>`;

module.exports = { card, dark, escaped, label, light, mono, picture, sans };
