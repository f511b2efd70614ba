import type { ChecksumAlgorithm } from "./checksums.js";

// Reflected polynomials.
const polynomials: Partial<Record<ChecksumAlgorithm, { width: number; polynomial: bigint }>> = {
  crc32: { width: 32, polynomial: 0xedb88320n },
  crc32c: { width: 32, polynomial: 0x82f63b78n },
  crc64nvme: { width: 64, polynomial: 0x9a6c9329ac4bc9b5n },
};

/**
 * The CRC of a whole from those of its parts, without reading them again. A CRC is a polynomial over GF(2): to append
 * n bytes multiplies what came before by x^(8n), modulo the CRC's polynomial. (zlib's crc32_combine does the same.)
 */
export function combineCrcs(algorithm: ChecksumAlgorithm, parts: { digest: Buffer; size: number }[]): Buffer {
  const kind = polynomials[algorithm];
  if (!kind) throw new TypeError(`${algorithm} is not a CRC`);
  const { width, polynomial } = kind;
  let whole = 0n;
  for (const { digest, size } of parts) {
    const power = powerOfX(8n * BigInt(size), width, polynomial);
    whole = multiply(whole, power, width, polynomial) ^ BigInt(`0x${digest.toString("hex")}`);
  }
  return Buffer.from(whole.toString(16).padStart(width / 4, "0"), "hex");
}

// Reflected: the highest bit stands for x^0.
function multiply(a: bigint, b: bigint, width: number, polynomial: bigint): bigint {
  let product = 0n;
  let factor = b;
  for (let bit = 1n << BigInt(width - 1); bit > 0n; bit >>= 1n) {
    if (a & bit) product ^= factor;
    factor = factor & 1n ? (factor >> 1n) ^ polynomial : factor >> 1n;
  }
  return product;
}

function powerOfX(exponent: bigint, width: number, polynomial: bigint): bigint {
  let power = 1n << BigInt(width - 1);
  let square = 1n << BigInt(width - 2);
  for (let left = exponent; left > 0n; left >>= 1n) {
    if (left & 1n) power = multiply(power, square, width, polynomial);
    square = multiply(square, square, width, polynomial);
  }
  return power;
}
