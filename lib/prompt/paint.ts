import { styleText } from "node:util";

type Style = "red" | "gray" | "bold" | "blue";

/** Text in a style, where the prompt has colours. */
export function paint({ useColors }: { readonly useColors: boolean }, style: Style, text: string): string {
  // By `isColored` alone: whether there are colours, Node has found out when it made the prompt.
  return useColors ? styleText(style, text, { validateStream: false }) : text;
}
