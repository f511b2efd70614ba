const units = ["bytes", "KB", "MB", "GB", "TB"] as const;

/** `0 bytes`, `1 byte`, `1.2 KB`, … with 1 KB = 1024 bytes. */
export function asBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  if (unit === 0) return value === 1 ? "1 byte" : `${Math.round(value)} bytes`;
  return `${value.toFixed(value < 10 ? 1 : 0)} ${units[unit]}`;
}

/** `120,000` */
export function asCount(count: number): string {
  return count.toLocaleString("en-US");
}

/** `3.2 s` */
export function asSeconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

/** `2026-11-22 22:10:05`, in local time. */
export function asTime(date: Date): string {
  const two = (number: number): string => String(number).padStart(2, "0");
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join("-");
  return `${day} ${[date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(":")}`;
}

// What a terminal would interpret or cannot show: controls, invisible and line-breaking characters, lone surrogates.
const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** Escapes everything that a terminal would interpret. */
export function printable(text: string): string {
  return text.replace(unprintable, (character) =>
    [...Array(character.length).keys()]
      .map((at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, "0")}`)
      .join(""),
  );
}

/** A JavaScript string literal that is safe to print. */
export function asLiteral(text: string, quote: '"' | "'" | "`" = '"'): string {
  const inside = JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"');
  const escaped = inside.replaceAll(quote, `\\${quote}`);
  return quote + printable(quote === "`" ? escaped.replaceAll("${", "\\${") : escaped) + quote;
}

/** A key, a prefix or a location: as it is if it is unambiguous, otherwise as a string literal. */
export function asName(name: string): string {
  const isPlain = name !== "" && !/^[\s"]|\s$|\\/u.test(name) && printable(name) === name;
  return isPlain ? name : asLiteral(name);
}
