import path from "node:path";
import { MessageChannel, receiveMessageOnPort, Worker } from "node:worker_threads";
import type { S3BucketMap, S3BucketOptions } from "../../lib/index.js";

/** What another program does to a bucket. */
export type OtherMap = Pick<S3BucketMap, "set" | "create" | "delete" | "update">;

export interface OtherThread {
  map(prefix: string): OtherMap;
  close(): Promise<unknown>;
}

const code = `
  const { workerData: { build, bucket, options, port, signal } } = require("node:worker_threads");
  const map = new (require(build).S3BucketMap)(bucket, options);
  port.on("message", ({ prefix, method, args }) => {
    let error, result;
    try {
      result = map.subMap(prefix)[method](...args.map((arg) => arg.source ? eval(arg.source) : arg));
    } catch (thrown) {
      error = String(thrown);
    }
    port.postMessage({ error, result: typeof result === "object" ? undefined : result });
    Atomics.store(signal, 0, 1);
    Atomics.notify(signal, 0);
  });`;

/**
 * A bucket's maps in a thread of its own, which has a worker of its own: none of its writes waits for one of this
 * thread's. Its calls block this thread. A function that is given to it must need nothing but its arguments.
 */
export function startOtherThread(bucket: string, options: S3BucketOptions): OtherThread {
  const { port1, port2 } = new MessageChannel();
  const signal = new Int32Array(new SharedArrayBuffer(4));
  const build = path.join(__dirname, "../../dist/index.js");
  const thread = new Worker(code, {
    eval: true,
    workerData: { build, bucket, options, port: port2, signal },
    transferList: [port2],
  });
  const call = (prefix: string, method: string, args: unknown[]): unknown => {
    Atomics.store(signal, 0, 0);
    const sent = args.map((arg) => (typeof arg === "function" ? { source: `(${String(arg)})` } : arg));
    port1.postMessage({ prefix, method, args: sent });
    if (Atomics.wait(signal, 0, 0, 30_000) === "timed-out")
      throw new Error("The other thread did not answer.");
    const { error, result } = receiveMessageOnPort(port1)!.message as { error?: string; result: unknown };
    if (error !== undefined) throw new Error(error);
    return result;
  };
  return {
    map: (prefix) =>
      new Proxy({} as OtherMap, {
        get:
          (_target, method) =>
          (...args: unknown[]) =>
            call(prefix, String(method), args),
      }),
    close: () => {
      port1.close();
      return thread.terminate();
    },
  };
}
