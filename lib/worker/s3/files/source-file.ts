import { createHash } from "node:crypto";
import fs from "node:fs";
import type { BigIntStats } from "node:fs";
import { Readable } from "node:stream";
import type { Writable } from "node:stream";
import { crc32 } from "node:zlib";
import { crc32Text } from "../../../local/body/crc32.js";
import { OperationError } from "../../operation-error.js";
import type { PartSource, StreamedPart } from "../operations/multipart-upload.js";
import { checkOrdinary, fileError } from "./file-errors.js";

/** How much of a file is read at once. */
const CHUNK_BYTES = 256 * 1024;

/** How many parts are in flight at once. Only a few chunks of each part are in memory, however large the part is. */
const PARTS_AT_ONCE = 8;

/** A file to upload. It must not change until it is stored. */
export class SourceFile implements PartSource {
  readonly length: number;
  readonly partsAtOnce: number = PARTS_AT_ONCE;
  readonly #path: string;
  readonly #handle: fs.promises.FileHandle;
  readonly #before: BigIntStats;
  readonly #moved: () => void;

  private constructor(path: string, handle: fs.promises.FileHandle, before: BigIntStats, moved: () => void) {
    this.#path = path;
    this.#handle = handle;
    this.#before = before;
    this.#moved = moved;
    this.length = Number(before.size);
  }

  /**
   * @param moved - called whenever bytes have been read
   * @throws OperationError `FileNotRead` if the path is not an ordinary file that this program may read
   */
  static async open(path: string, moved: () => void): Promise<SourceFile> {
    let handle: fs.promises.FileHandle | undefined;
    try {
      // This is checked before the file is opened, because opening a FIFO waits for a writer, and opening a device can
      // have side effects.
      checkOrdinary("FileNotRead", path, await fs.promises.stat(path));
      const { O_RDONLY, O_NONBLOCK = 0 } = fs.constants as Partial<typeof fs.constants>;
      handle = await fs.promises.open(path, O_RDONLY! | O_NONBLOCK);
      const stats = await handle.stat({ bigint: true });
      checkOrdinary("FileNotRead", path, stats);
      return new SourceFile(path, handle, stats, moved);
    } catch (error) {
      await handle?.close();
      throw fileError("FileNotRead", path, error);
    }
  }

  /** Reads a small file completely. @throws OperationError `FileChanged` if it changes in the meantime */
  async readAll(): Promise<Buffer> {
    const bytes = Buffer.allocUnsafeSlow(this.length);
    let at = 0;
    while (at < bytes.length) {
      const read = await this.#read(bytes, at, at);
      if (read === 0) throw this.#changed("it was cut short");
      at += read;
    }
    await this.check();
    return bytes;
  }

  part(start: number, end: number): StreamedPart {
    let crc: number | undefined;
    return {
      length: end - start,
      digest: async () => {
        const sha256 = createHash("sha256");
        crc = 0;
        for await (const chunk of this.#chunks(start, end)) {
          crc = crc32(chunk, crc);
          sha256.update(chunk);
        }
        return { crc32: crc32Text(crc), sha256: sha256.digest("hex") };
      },
      open: () => new SentStream(this.#sameChunks(start, end, () => crc)),
    };
  }

  /** @throws OperationError `FileChanged` if its size or its modification time has changed */
  async check(): Promise<void> {
    const { size, mtimeNs } = await this.#handle.stat({ bigint: true });
    if (size !== this.#before.size)
      throw this.#changed(
        `it had ${this.#before.size} bytes when the upload began, but it has ${size} bytes now`,
      );
    if (mtimeNs !== this.#before.mtimeNs) throw this.#changed("it was modified");
    // Files in /proc contain bytes, although their size is 0.
    if ((await this.#read(Buffer.alloc(1), 0, this.length)) > 0)
      throw this.#changed("it has more bytes than the file system reports");
  }

  close(): Promise<void> {
    return this.#handle.close();
  }

  // The last chunk is held back until the checksum of all chunks is known to be the same as before. So a part that
  // differs is never sent completely.
  async *#sameChunks(start: number, end: number, summed: () => number | undefined): AsyncGenerator<Buffer> {
    let crc = 0;
    let at = start;
    for await (const chunk of this.#chunks(start, end)) {
      crc = crc32(chunk, crc);
      at += chunk.length;
      if (at === end && crc !== summed()) throw this.#changed("its bytes have changed");
      yield chunk;
    }
  }

  async *#chunks(start: number, end: number): AsyncGenerator<Buffer> {
    for (let at = start; at < end;) {
      const chunk = Buffer.allocUnsafeSlow(Math.min(CHUNK_BYTES, end - at));
      const read = await this.#read(chunk, 0, at);
      if (read === 0) throw this.#changed("it was cut short");
      at += read;
      yield chunk.subarray(0, read);
    }
  }

  async #read(into: Buffer, offset: number, at: number): Promise<number> {
    try {
      const { bytesRead } = await this.#handle.read(into, offset, into.length - offset, at);
      this.#moved();
      return bytesRead;
    } catch (error) {
      throw fileError("FileNotRead", this.#path, error);
    }
  }

  #changed(how: string): OperationError {
    return new OperationError("FileChanged", `${JSON.stringify(this.#path)}: ${how}`);
  }
}

/** A body whose failure destroys the request that sends it. With pipe() alone, the request would wait forever. */
class SentStream extends Readable {
  readonly #chunks: AsyncGenerator<Buffer>;

  constructor(chunks: AsyncGenerator<Buffer>) {
    super({ highWaterMark: CHUNK_BYTES });
    this.#chunks = chunks;
    // The stream may fail when no request is sending it any longer.
    this.on("error", () => {});
  }

  override _read(): void {
    this.#chunks.next().then(
      ({ done, value }) => this.push(done === true ? null : value),
      (error: Error) => this.destroy(error),
    );
  }

  override pipe<T extends NodeJS.WritableStream>(request: T, options?: { end?: boolean }): T {
    this.on("error", (error) => (request as unknown as Writable).destroy(error));
    return super.pipe(request, options);
  }
}
