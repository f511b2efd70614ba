import { randomBytes } from "node:crypto";
import { addAbortSignal, Readable } from "node:stream";
import { sweepPending } from "./body/body-writer.js";
import { LocalS3Error } from "./local-error.js";
import { operationOf, operations } from "./operation-table.js";
import { checkBucketName, checkKey } from "./operations/buckets.js";
import { checkSupported } from "./operations/object-headers.js";
import { parseRequest, type Context, type RawRequest, type Reply } from "./request.js";
import { S3Error } from "./s3-error.js";
import { Store } from "./store/store.js";

// How often a request opens its directory, if the directory keeps being replaced.
const MAX_OPENINGS = 5;

// For servers that wrap the handler, such as the one that the specs use.
export { operationOf, parseRequest };

export interface LocalS3Options {
  /** Contains the data, and is created if it is missing. Any number of threads and processes may share it. */
  directory: string;
  /** Treat every valid bucket name as an existing bucket. */
  createBuckets: boolean;
}

export interface LocalResponse {
  statusCode: number;
  headers: Record<string, string>;
  body: Readable;
}

/**
 * An S3 that stores its data in a directory. Pass it to an S3Client as `requestHandler`, and it handles the client's
 * requests in this process. Supports path-style addressing only, and ignores signatures. The first request opens the
 * directory.
 *
 * ```js
 * new S3Client({ requestHandler: new LocalS3Handler({ directory, createBuckets: true }), forcePathStyle: true, … })
 * ```
 */
export class LocalS3Handler {
  readonly metadata: { handlerProtocol: string } = { handlerProtocol: "http/1.1" };
  readonly #options: LocalS3Options;
  #store: Store | undefined;
  #destroyed = false;

  constructor(options: LocalS3Options) {
    this.#options = options;
  }

  async handle(
    request: RawRequest,
    options: { abortSignal?: { readonly aborted: boolean } | undefined } = {},
  ): Promise<{ response: LocalResponse }> {
    // The SDK's type also allows its own, older kind of signal, which nothing here passes.
    const signal = options.abortSignal as AbortSignal | undefined;
    if (this.#destroyed) throw new Error("This local S3 has been destroyed.");
    for (let openings = 1; ; openings++) {
      try {
        signal?.throwIfAborted();
        const store = (this.#store ??= this.#open());
        return { response: await this.#answer(store, request, signal) };
      } catch (error) {
        if (signal?.aborted) throw abortError();
        const canRetry =
          error instanceof LocalS3Error && error.reopen && error.nothingWritten && isRepeatable(request.body);
        if (!canRetry || openings === MAX_OPENINGS) throw error;
      }
    }
  }

  destroy(): void {
    this.#destroyed = true;
    this.#store?.retire();
    this.#store = undefined;
  }

  httpHandlerConfigs(): Record<string, never> {
    return {};
  }

  updateHttpClientConfig(): void {}

  #open(): Store {
    const store = new Store(this.#options.directory);
    // In the background: no request depends on what killed processes left behind.
    sweepPending(store).catch(() => undefined);
    return store;
  }

  async #answer(store: Store, request: RawRequest, signal: AbortSignal | undefined): Promise<LocalResponse> {
    store.hold();
    try {
      const requestId = randomBytes(8).toString("hex").toUpperCase();
      const context = { store, createBuckets: this.#options.createBuckets, signal };
      const reply = await replyTo(request, context, requestId);
      if (reply.body instanceof Readable) {
        store.hold();
        reply.body.once("close", () => store.release());
        // addAbortSignal() would destroy it with an error, for which nothing listens yet.
        if (signal?.aborted) reply.body.destroy();
        else if (signal !== undefined) addAbortSignal(signal, reply.body);
      }
      signal?.throwIfAborted();
      return toResponse(request.method, reply, requestId);
    } catch (error) {
      if (error instanceof LocalS3Error && error.reopen && this.#store === store) {
        this.#store = undefined;
        store.retire();
      }
      throw error;
    } finally {
      store.release();
    }
  }
}

async function replyTo(raw: RawRequest, context: Context, requestId: string): Promise<Reply> {
  try {
    const request = parseRequest(raw);
    const operation = operationOf(request);
    if (operation === undefined) throw new S3Error("NotImplemented");
    checkSupported(request.headers);
    if (request.bucket !== "") checkBucketName(request.bucket);
    checkKey(request.key);
    return await operations[operation][0](context, request);
  } catch (error) {
    if (!(error instanceof S3Error)) throw error;
    return { statusCode: error.statusCode, headers: error.headers, body: error.toXml(raw.path, requestId) };
  }
}

function toResponse(method: string, { statusCode, headers, body }: Reply, requestId: string): LocalResponse {
  const isHead = method.toUpperCase() === "HEAD";
  const complete: Record<string, string> = {
    "x-amz-request-id": requestId,
    "x-amz-id-2": requestId,
    date: new Date().toUTCString(),
    server: "s3bucketmap-local",
    ...headers,
  };
  if (Buffer.isBuffer(body)) {
    complete["content-type"] ??= "application/xml";
    complete["content-length"] ??= String(body.length);
  } else if (body === undefined && !isHead && statusCode === 200) complete["content-length"] ??= "0";
  const sent = isHead || body === undefined ? [] : body;
  return {
    statusCode,
    headers: complete,
    body: sent instanceof Readable ? sent : Readable.from(sent, { objectMode: false }),
  };
}

// Part of a stream may have been read.
function isRepeatable(body: unknown): boolean {
  return body === undefined || body === null || typeof body === "string" || ArrayBuffer.isView(body);
}

// The SDK does not retry an error of this name.
function abortError(): Error {
  return Object.assign(new Error("Request aborted"), { name: "AbortError" });
}
