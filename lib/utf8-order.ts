/**
 * Whether `a` comes before `b` in S3's order, that of their UTF-8 bytes: the order of code points. Where
 * JavaScript compares UTF-16 units, the surrogates of U+10000 and above wrongly come before U+E000.
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

function isSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdfff;
}
