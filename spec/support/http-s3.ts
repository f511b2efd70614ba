import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { MessageChannel, receiveMessageOnPort, Worker } from "node:worker_threads";

/** What one fault does to one answer; exactly one of the kinds, and `delayMs` with any of them or alone. */
export interface FaultAction {
  /** Answer this instead of asking the handler; without `body`, an S3 error with this code. */
  status?: number;
  code?: string;
  message?: string;
  headers?: Record<string, string>;
  /** Any body, such as a proxy's HTML page, or the XML of an error under status 200. */
  body?: string;
  /** With `status`: only after the handler has done its work. */
  applied?: true;
  /** Reset the connection: unasked, after the handler has done its work, or in the middle of the answer's body. */
  reset?: "before" | "after-apply" | "mid-body";
  /** Leave so many bytes off the end of the body, under the full Content-Length, and close. */
  truncate?: number;
  /** Flip a bit in the middle of the body, or at this position, and leave the headers. */
  corrupt?: true | number;
  /** Never go on: unasked, after the handler has done its work, or in the middle of the answer's body. */
  stall?: "before" | "after-apply" | "mid-body";
  /** Answer with the first byte of the body, and with the rest after so many more requests have been answered. */
  hold?: number;
  /** Do all of it twice, as a proxy that has lost the first answer does, and give the second one. */
  twice?: true;
  /** Wait before anything else. */
  delayMs?: number;
  /** First overwrite the key with so many bytes, each of them a "!". */
  overwrite?: number;
  /** Ask the handler for this range instead of the one that was asked for; "" for none. */
  range?: string;
  /**
   * Change a listing: `duplicate-page` says truncated and gives this page's own token, so that it comes once more (with
   * `times: Infinity` for ever); `truncated-without-token` says truncated and gives none; `unordered` reverses the keys.
   */
  transformBody?: "duplicate-page" | "truncated-without-token" | "unordered";
}

export interface FaultRule {
  /** A name of `counts()`, such as `GET` or `LIST`, or S3's own, such as `UploadPart`. Default: any. */
  operation?: string;
  /** Default: any. */
  key?: string | RegExp;
  /** Only requests that are signed with this access key. Default: any. */
  accessKey?: string;
  /** Only requests that ask for a range, or only those that do not. Default: any. */
  ranged?: boolean;
  /** How often; default 1, and without end for a rule with a probability. */
  times?: number;
  /** How many matching requests to let pass first. */
  after?: number;
  /** Of 0 to 1, drawn for each matching request from a generator seeded with `seed`. */
  probability?: number;
  seed?: number;
  /** Of several, one is drawn. */
  action: FaultAction | FaultAction[];
}

/** One request that the server saw. */
export interface LoggedRequest {
  method: string;
  /** S3's name of the operation, or "Unknown". */
  operation: string;
  bucket: string;
  key: string;
  query: Record<string, string>;
  /** All but those of the signature that are secret. */
  headers: Record<string, string>;
  authorized: boolean;
  /** The access key and the region that it is signed for, with a space between. */
  signedFor: string;
  /** Of the session that it is signed for, if it is. */
  token?: string;
  /** Whether the SDK sent it: its requests carry an invocation id, a direct attempt does not. */
  bySdk: boolean;
  /** The status sent; 0 for none. */
  status: number;
  /** Whether a rule met this request. */
  faulted: boolean;
}

/** Requests by kind, those that were not seen as 0; other operations of S3 are there by their own name once seen. */
export interface RequestCounts extends Record<string, number> {
  total: number;
  GET: number;
  HEAD: number;
  PUT: number;
  COPY: number;
  DELETE: number;
  LIST: number;
  DELETE_OBJECTS: number;
}

export interface HttpS3Options {
  /** Default: a temporary one, removed at `close`. */
  directory?: string;
  /** Default: true. */
  createBuckets?: boolean;
  /** Delays every answer. */
  latencyMs?: number;
  /** How many keys a page of a listing has at most. Default: 1000, as S3 has it. */
  pageSize?: number;
  /** Answers InvalidAccessKeyId to others, and AccessDenied to unsigned requests. Signatures are never verified. */
  credentials?: { accessKeyId: string };
  /**
   * What other services make of conditions: ignore them, ignore them on DELETE alone, take an ETag only without its
   * quotes, or refuse them with 501.
   */
  conditions?: "ignored" | "ignored by DELETE" | "bare" | "not implemented";
  /** Answer as the service of quirks/quirks.js whose name is the access key, and to any other key as ever. */
  quirks?: boolean;
  /** Serve from a child process, as it can be killed, instead of a worker thread. */
  process?: boolean;
  /** Default: a free one. */
  port?: number;
}

/** @internal What crosses to the server. */
export type Command =
  | { name: "counts" | "log" | "maxConcurrent" | "reset" | "clearFaults" | "close" }
  | { name: "setClock"; at: string }
  | { name: "fault"; rule: FaultRule };

/** @internal */
export interface ServerData {
  options: HttpS3Options & { directory: string };
  handlerFile: string;
}

/**
 * The local S3 behind node:http on 127.0.0.1, in a thread or process of its own. All but `startHttpS3` and `close` is
 * synchronous, so that a spec can ask between two blocking calls.
 */
export class HttpS3 {
  readonly endpoint: string;
  readonly port: number;
  readonly directory: string;
  /** Of the child process, if it is one. */
  readonly pid: number | undefined;
  private readonly connection: Connection;

  constructor(connection: Connection, directory: string, { port, pid }: { port: number; pid?: number }) {
    this.connection = connection;
    this.directory = directory;
    this.port = port;
    this.pid = pid;
    this.endpoint = `http://127.0.0.1:${port}`;
  }

  /** Requests seen since `reset()`. */
  counts(): RequestCounts {
    return this.connection.ask({ name: "counts" }) as RequestCounts;
  }

  /** The same requests, in the order in which they came. */
  log(): LoggedRequest[] {
    return this.connection.ask({ name: "log" }) as LoggedRequest[];
  }

  /** The most requests that were under way at one time since `reset()`. */
  maxConcurrent(): number {
    return this.connection.ask({ name: "maxConcurrent" }) as number;
  }

  /** Forgets the log, the counts and `maxConcurrent`; not the faults, nor the data. */
  reset(): void {
    this.connection.ask({ name: "reset" });
  }

  /** Stops the server's clock at this time. */
  setClock(at: string): void {
    this.connection.ask({ name: "setClock", at });
  }

  fault(rule: FaultRule): void {
    this.connection.ask({ name: "fault", rule });
  }

  /** Takes back all rules, and cuts the connections that stall. */
  clearFaults(): void {
    this.connection.ask({ name: "clearFaults" });
  }

  /** Ends the server and its connections, and removes the directory if it was made here. */
  async close(): Promise<void> {
    await this.connection.close();
  }
}

// A request to the server's thread that blocks this one until the answer is there.
class Connection {
  private readonly signal = new Int32Array(new SharedArrayBuffer(4));
  private readonly port;
  private readonly worker: Worker;
  private readonly cleanUp: () => void;
  private closed = false;

  constructor(data: ServerData, cleanUp: () => void) {
    this.cleanUp = cleanUp;
    const { port1, port2 } = new MessageChannel();
    this.port = port1;
    this.worker = new Worker(path.join(__dirname, "http-s3-server.js"), {
      workerData: { ...data, port: port2, signal: this.signal },
      transferList: [port2],
      execArgv: [],
    });
    this.worker.unref();
    port1.unref();
  }

  started(): Promise<{ port: number; pid?: number }> {
    return new Promise((resolve, reject) => {
      // Its listeners keep this process alive until the server has started, or has failed to.
      this.worker.ref();
      this.worker.once("message", (message: { port: number; pid?: number }) => {
        this.worker.unref();
        resolve(message);
      });
      this.worker.once("error", reject);
    });
  }

  ask(command: Command): unknown {
    if (this.closed) throw new Error("This HttpS3 is closed.");
    this.port.postMessage(command);
    let received: { message: { result?: unknown; error?: string } } | undefined;
    while (received === undefined) {
      const before = Atomics.load(this.signal, 0);
      received = receiveMessageOnPort(this.port);
      if (received === undefined && Atomics.wait(this.signal, 0, before, 30_000) === "timed-out")
        throw new Error("The HttpS3 server does not answer.");
    }
    if (received.message.error !== undefined) throw new Error(received.message.error);
    return received.message.result;
  }

  private async ended(): Promise<void> {
    let limit: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.worker.once("exit", () => resolve());
      limit = setTimeout(resolve, 2000);
    });
    clearTimeout(limit);
  }

  async close(): Promise<void> {
    if (this.closed) return;
    try {
      this.ask({ name: "close" });
    } finally {
      this.closed = true;
      this.port.close();
      // It then ends by itself: lmdb aborts the process where its thread is ended in the middle of closing the store.
      await this.ended();
      await this.worker.terminate();
      this.cleanUp();
    }
  }
}

/** Starts the local S3 behind node:http. */
export async function startHttpS3(options: HttpS3Options = {}): Promise<HttpS3> {
  const directory = options.directory ?? mkdtempSync(path.join(tmpdir(), "s3bucketmap-http-"));
  const cleanUp = (): void => {
    if (options.directory === undefined) rmSync(directory, { recursive: true, force: true });
  };
  const handlerFile = path.join(__dirname, "../../dist/local/handler.js");
  const connection = new Connection({ options: { ...options, directory }, handlerFile }, cleanUp);
  return new HttpS3(connection, directory, await connection.started());
}
