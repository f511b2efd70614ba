/**
 * The last chunks that came, 1 MiB in all at most. The C library gives back what is free at the end of a thread's
 * memory, and to clear it for the next chunks took the system a sixth of the time of a long body. While some chunks are
 * still in use, most of what is free is not at the end.
 */
const kept = new Array<Uint8Array>(16);
let chunks = 0;

/** A body that is put together in one buffer as it comes, so that it is in memory once, not twice. */
export class InPlace {
  readonly bytes: Uint8Array;
  /** How many bytes have come. */
  length = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** There must be room for it. */
  add(chunk: Uint8Array): void {
    this.bytes.set(chunk, this.length);
    this.length += chunk.length;
    kept[chunks % kept.length] = chunk;
    chunks += 1;
  }
}
