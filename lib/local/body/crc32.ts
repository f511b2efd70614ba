/** A CRC32 as S3 writes it, in base64. */
export function crc32Text(crc: number): string {
  const raw = Buffer.alloc(4);
  raw.writeUInt32BE(crc);
  return raw.toString("base64");
}

// Bit-reflected: the highest bit is the coefficient of x^0.
const POLYNOMIAL = 0xedb88320;
const ONE = 0x80000000;
const X = 0x40000000;

/**
 * Combines the CRC32s of an object's parts into that of the object, without reading the parts again, as crc32_combine
 * of zlib does. A CRC is a polynomial over GF(2). Appending n bytes multiplies it by x^(8n), modulo the CRC's
 * polynomial.
 *
 * @param parts - in order, with the CRC32 of each in base64
 * @returns the CRC32 of the object in base64
 */
export function combineCrc32s(parts: readonly { checksum: string; size: number }[]): string {
  let whole = 0;
  for (const { checksum, size } of parts)
    whole = multiply(whole, powerOfX(8 * size)) ^ Buffer.from(checksum, "base64").readInt32BE();
  return crc32Text(whole >>> 0);
}

function multiply(a: number, b: number): number {
  let product = 0;
  let factor = b;
  for (let bit = ONE; bit > 0; bit >>>= 1) {
    if (a & bit) product ^= factor;
    factor = factor & 1 ? (factor >>> 1) ^ POLYNOMIAL : factor >>> 1;
  }
  return product;
}

function powerOfX(exponent: number): number {
  let power = ONE;
  let square = X;
  // Not `left >>= 1`, because the exponent of a large object exceeds 32 bits.
  for (let left = exponent; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) power = multiply(power, square);
    square = multiply(square, square);
  }
  return power;
}
