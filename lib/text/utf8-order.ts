/**
 * Whether `a` comes before `b` in S3's order: that of UTF-8 bytes, which is that of code points. JavaScript compares UTF-16
 * units, and so sorts U+10000 and above, which are encoded as surrogates, before U+E000.
 */
export function comesBefore(a: string, b: string): boolean {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at += 1) {
    const x = a.charCodeAt(at);
    const y = b.charCodeAt(at);
    if (x !== y) return isSurrogate(x) === isSurrogate(y) ? x < y : isSurrogate(y);
  }
  return a.length < b.length;
}

/** {@link comesBefore} for these keys. Without surrogates, JavaScript's own order is the same, and faster. */
export function orderOf(keys: readonly string[]): (a: string, b: string) => boolean {
  return /[\ud800-\udfff]/.test(keys.join("")) ? comesBefore : (a, b) => a < b;
}

function isSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdfff;
}
