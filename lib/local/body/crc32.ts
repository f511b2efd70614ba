/** A CRC32 as S3 writes it. */
export function crc32Text(crc: number): string {
  const raw = Buffer.alloc(4);
  raw.writeUInt32BE(crc);
  return raw.toString("base64");
}

// Reflected: the highest bit stands for x^0.
const POLYNOMIAL = 0xedb88320;
const ONE = 0x80000000;
const X = 0x40000000;

/**
 * The CRC32 of a whole from those of its parts, without reading them again. A CRC is a polynomial over GF(2): to append
 * n bytes multiplies what came before by x^(8n), modulo the CRC's polynomial. (zlib's crc32_combine does the same.)
 *
 * @param parts - in order, with the CRC32 of each in base64
 * @returns that of the whole, in base64
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
  // Of a large object, the exponent has more than the 32 bits that `>>` takes.
  for (let left = exponent; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) power = multiply(power, square);
    square = multiply(square, square);
  }
  return power;
}
