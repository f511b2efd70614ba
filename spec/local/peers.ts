import { fork, type ChildProcess } from "node:child_process";
import path from "node:path";
import { Worker } from "node:worker_threads";

const file = path.join(__dirname, "peer.js");

interface FromPeer {
  id?: number;
  result?: unknown;
  error?: string;
  acknowledged?: { key: string; number: number };
}

/** Another process or thread that works on the same directory; see peer.js. */
export class Peer {
  readonly acknowledged = new Map<string, number>();
  private readonly waiting = new Map<
    number,
    { resolve: (result: unknown) => void; reject: (error: Error) => void }
  >();
  private nextId = 1;
  private readonly process: ChildProcess | undefined;
  private readonly worker: Worker | undefined;
  private readonly ended: Promise<void>;

  constructor(kind: "process" | "thread", directory: string) {
    if (kind === "process")
      this.process = fork(file, [directory], { execArgv: [], serialization: "advanced" });
    else this.worker = new Worker(file, { workerData: { directory }, execArgv: [] });
    const emitter = this.process ?? this.worker;
    emitter?.on("message", (message: FromPeer) => this.receive(message));
    this.ended = new Promise((resolve) => {
      emitter?.on("exit", () => {
        for (const { reject } of this.waiting.values()) reject(new Error("the peer has ended"));
        resolve();
      });
    });
  }

  ask<T>(name: string, data: object = {}): Promise<T> {
    const id = this.nextId++;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve: resolve as (result: unknown) => void, reject });
      const message = { ...data, id, name };
      if (this.process) this.process.send(message);
      else this.worker?.postMessage(message);
    });
  }

  /** SIGKILL for a process, `terminate()` for a thread. */
  async kill(): Promise<void> {
    this.process?.kill("SIGKILL");
    await this.worker?.terminate();
    await this.ended;
  }

  private receive({ id, result, error, acknowledged }: FromPeer): void {
    if (acknowledged) this.acknowledged.set(acknowledged.key, acknowledged.number);
    if (id === undefined) return;
    const waiting = this.waiting.get(id);
    this.waiting.delete(id);
    if (error === undefined) waiting?.resolve(result);
    else waiting?.reject(new Error(error));
  }
}
