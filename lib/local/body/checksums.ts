import { createHash, type Hash } from "node:crypto";
import { crc32 } from "node:zlib";

/** The checksums that S3 knows, in the order in which it lists them. */
export const checksumAlgorithms = ["crc32", "crc32c", "crc64nvme", "sha1", "sha256"] as const;
export type ChecksumAlgorithm = (typeof checksumAlgorithms)[number];

/** Length of the raw checksum in bytes. */
export const checksumLengths: Record<ChecksumAlgorithm, number> = {
  crc32: 4,
  crc32c: 4,
  crc64nvme: 8,
  sha1: 20,
  sha256: 32,
};

export interface Checksum {
  update(bytes: Uint8Array): void;
  digest(): Buffer;
}

export function createChecksum(algorithm: ChecksumAlgorithm): Checksum {
  switch (algorithm) {
    case "crc32":
      return new Crc32();
    case "crc32c":
      return new Crc32c();
    case "crc64nvme":
      return new Crc64Nvme();
    case "sha1":
    case "sha256":
      return new CryptoChecksum(createHash(algorithm));
  }
}

class CryptoChecksum implements Checksum {
  constructor(readonly hash: Hash) {}
  update(bytes: Uint8Array): void {
    this.hash.update(bytes);
  }
  digest(): Buffer {
    return this.hash.digest();
  }
}

class Crc32 implements Checksum {
  private value = 0;
  update(bytes: Uint8Array): void {
    this.value = crc32(bytes, this.value);
  }
  digest(): Buffer {
    const raw = Buffer.alloc(4);
    raw.writeUInt32BE(this.value);
    return raw;
  }
}

let tableOfCrc32c: Int32Array | undefined;

class Crc32c implements Checksum {
  private value = -1;
  private readonly table = (tableOfCrc32c ??= Int32Array.from({ length: 256 }, (_, n) => {
    let c = n;
    for (let bit = 0; bit < 8; bit++) c = c & 1 ? (c >>> 1) ^ 0x82f63b78 : c >>> 1;
    return c;
  }));
  update(bytes: Uint8Array): void {
    const { table } = this;
    let c = this.value;
    for (let i = 0; i < bytes.length; i++) c = (table[(c ^ (bytes[i] ?? 0)) & 0xff] ?? 0) ^ (c >>> 8);
    this.value = c;
  }
  digest(): Buffer {
    const raw = Buffer.alloc(4);
    raw.writeInt32BE(~this.value);
    return raw;
  }
}

let tableOfCrc64: { high: Int32Array; low: Int32Array } | undefined;

function makeTableOfCrc64(): { high: Int32Array; low: Int32Array } {
  const high = new Int32Array(256);
  const low = new Int32Array(256);
  for (let n = 0; n < 256; n++) {
    let c = BigInt(n);
    for (let bit = 0; bit < 8; bit++) c = c & 1n ? (c >> 1n) ^ 0x9a6c9329ac4bc9b5n : c >> 1n;
    high[n] = Number(BigInt.asIntN(32, c >> 32n));
    low[n] = Number(BigInt.asIntN(32, c));
  }
  return { high, low };
}

// In two halves of 32 bits: BigInt arithmetic for each byte is some fifty times slower.
class Crc64Nvme implements Checksum {
  private high = -1;
  private low = -1;
  private readonly table = (tableOfCrc64 ??= makeTableOfCrc64());
  update(bytes: Uint8Array): void {
    const { high: tableHigh, low: tableLow } = this.table;
    let { high, low } = this;
    for (let i = 0; i < bytes.length; i++) {
      const n = (low ^ (bytes[i] ?? 0)) & 0xff;
      low = ((low >>> 8) | (high << 24)) ^ (tableLow[n] ?? 0);
      high = (high >>> 8) ^ (tableHigh[n] ?? 0);
    }
    this.high = high;
    this.low = low;
  }
  digest(): Buffer {
    const raw = Buffer.alloc(8);
    raw.writeInt32BE(~this.high, 0);
    raw.writeInt32BE(~this.low, 4);
    return raw;
  }
}
