import { randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { sweepPending } from "./body/body-writer.js";
import {
  checkBucketName,
  createBucket,
  deleteBucket,
  getBucketLocation,
  headBucket,
  listBuckets,
} from "./operations/buckets.js";
import { copyObject } from "./operations/copy-object.js";
import { deleteObject, deleteObjects } from "./operations/delete.js";
import { LocalS3Error } from "./local-error.js";
import { getObject, headObject } from "./operations/get-object.js";
import { listObjectsV2 } from "./operations/list.js";
import { completeMultipartUpload } from "./operations/complete-multipart.js";
import { createMultipartUpload, uploadPart } from "./operations/multipart.js";
import { checkSupported } from "./operations/object-headers.js";
import { operationOf, type Operation } from "./operations.js";
import { putObject } from "./operations/put-object.js";
import { parseRequest, type Context, type LocalRequest, type Reply, type S3Request } from "./request.js";
import { S3Error } from "./s3-error.js";
import { Store } from "./store/store.js";
import { abortMultipartUpload } from "./operations/uploads.js";

const operations: Record<Operation, (context: Context, request: S3Request) => Reply | Promise<Reply>> = {
  ListBuckets: listBuckets,
  CreateBucket: createBucket,
  HeadBucket: headBucket,
  DeleteBucket: deleteBucket,
  GetBucketLocation: getBucketLocation,
  ListObjectsV2: listObjectsV2,
  DeleteObjects: deleteObjects,
  GetObject: getObject,
  HeadObject: headObject,
  PutObject: putObject,
  CopyObject: copyObject,
  DeleteObject: deleteObject,
  CreateMultipartUpload: createMultipartUpload,
  UploadPart: uploadPart,
  CompleteMultipartUpload: completeMultipartUpload,
  AbortMultipartUpload: abortMultipartUpload,
};

// A directory that is replaced again and again in the course of one request is not waited for.
const MAX_OPENINGS = 5;

// For whoever puts a server in front of it.
export { operationOf, parseRequest };

export interface LocalS3Options {
  /** Where the data is; made when it is missing. Any number of threads and processes may share it. */
  directory: string;
  /** Whether every bucket that a request names exists, as in a scratch account. */
  createBuckets: boolean;
}

export interface LocalResponse {
  statusCode: number;
  headers: Record<string, string>;
  body: Readable;
}

/**
 * An S3 in a directory, to be given to an S3Client as its `requestHandler`: it answers what the client would have
 * sent to S3. Path-style addressing only; signatures are not looked at. The directory is opened by the first request.
 *
 * ```js
 * new S3Client({ requestHandler: new LocalS3Handler({ directory, createBuckets: true }), forcePathStyle: true, … })
 * ```
 */
export class LocalS3Handler {
  readonly metadata: { handlerProtocol: string } = { handlerProtocol: "http/1.1" };
  private readonly options: LocalS3Options;
  private store: Store | undefined;
  private destroyed = false;

  constructor(options: LocalS3Options) {
    this.options = options;
  }

  async handle(
    request: LocalRequest,
    options: { abortSignal?: { readonly aborted: boolean } | undefined } = {},
  ): Promise<{ response: LocalResponse }> {
    // The SDK's type also allows a signal of its own from before there was a standard one; no one has those any more.
    const abortSignal = options.abortSignal as AbortSignal | undefined;
    if (this.destroyed) throw new Error("This local S3 has been destroyed.");
    if (abortSignal?.aborted) throw abortError();
    for (let tries = 1; ; tries++) {
      try {
        return await this.answer((this.store ??= this.open()), request, abortSignal);
      } catch (error) {
        if (!(error instanceof LocalS3Error) || !error.reopen) throw error;
        if (!error.nothingWritten || tries === MAX_OPENINGS || !isRepeatable(request.body)) throw error;
      }
    }
  }

  destroy(): void {
    this.destroyed = true;
    this.store?.retire();
    this.store = undefined;
  }

  httpHandlerConfigs(): Record<string, never> {
    return {};
  }

  updateHttpClientConfig(): void {}

  private open(): Store {
    const store = new Store(this.options.directory);
    // What a killed process left goes in the background; no request depends on it.
    sweepPending(store).catch(() => undefined);
    return store;
  }

  private async answer(
    store: Store,
    request: LocalRequest,
    signal: AbortSignal | undefined,
  ): Promise<{ response: LocalResponse }> {
    const requestId = randomBytes(8).toString("hex").toUpperCase();
    store.hold();
    try {
      const reply = await this.reply(store, request, signal, requestId);
      if (signal?.aborted) {
        if (reply.body instanceof Readable) reply.body.destroy();
        throw abortError();
      }
      if (reply.body instanceof Readable) track(store, reply.body, signal);
      return { response: this.response(request, reply, requestId) };
    } catch (error) {
      if (error instanceof LocalS3Error && error.reopen) this.leave(store);
      throw error;
    } finally {
      store.release();
    }
  }

  private leave(store: Store): void {
    if (this.store !== store) return;
    this.store = undefined;
    store.retire();
  }

  private async reply(
    store: Store,
    local: LocalRequest,
    signal: AbortSignal | undefined,
    requestId: string,
  ): Promise<Reply> {
    try {
      const request = parseRequest(local);
      const operation = operationOf(request);
      if (!operation) throw new S3Error("NotImplemented");
      checkSupported(request.headers);
      if (request.bucket !== "") checkBucketName(request.bucket);
      const context = { store, createBuckets: this.options.createBuckets, signal };
      return await operations[operation](context, request);
    } catch (error) {
      if (signal?.aborted) throw abortError();
      if (!(error instanceof S3Error)) throw error;
      const headers = { "content-type": "application/xml", ...error.headers };
      return { statusCode: error.statusCode, headers, body: error.toXml(local.path, requestId) };
    }
  }

  private response(
    { method }: LocalRequest,
    { statusCode, headers, body }: Reply,
    requestId: string,
  ): LocalResponse {
    const complete: Record<string, string> = {
      "x-amz-request-id": requestId,
      "x-amz-id-2": requestId,
      date: new Date().toUTCString(),
      server: "s3bucketmap-local",
      ...headers,
    };
    // A HEAD's answer has the headers of a body that does not come.
    const silent = method.toUpperCase() === "HEAD";
    if (Buffer.isBuffer(body)) {
      complete["content-type"] ??= "application/xml";
      complete["content-length"] ??= String(body.length);
    } else if (body === undefined && !silent && statusCode === 200) complete["content-length"] ??= "0";
    const sent =
      silent || body === undefined ? Readable.from([]) : body instanceof Readable ? body : whole(body);
    return { statusCode, headers: complete, body: sent };
  }
}

// The store stays open, and an abort is heeded, until the last byte.
function track(store: Store, body: Readable, signal: AbortSignal | undefined): void {
  store.hold();
  const abort = (): void => void body.destroy(abortError());
  signal?.addEventListener("abort", abort, { once: true });
  body.once("close", () => {
    signal?.removeEventListener("abort", abort);
    store.release();
  });
}

// A stream may have been read in part.
function isRepeatable(body: unknown): boolean {
  return body === undefined || body === null || typeof body === "string" || ArrayBuffer.isView(body);
}

function whole(bytes: Buffer): Readable {
  const stream = new Readable({ read() {}, highWaterMark: bytes.length + 1 });
  stream.push(bytes);
  stream.push(null);
  return stream;
}

// By this name the SDK knows that the caller wanted it, and does not try again.
function abortError(): Error {
  return Object.assign(new Error("Request aborted"), { name: "AbortError" });
}
