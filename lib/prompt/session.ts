import repl from "node:repl";
import type { ReplOptions } from "node:repl";
import { setInteractive } from "../arguments/options.js";
import { asObject } from "../facade/bucket-object.js";
import type { BucketObject } from "../facade/bucket-object.js";
import { callsOf } from "../bucket/bucket-calls.js";
import { json } from "../layers/json.js";
import type { S3BucketOptions } from "../arguments/options.js";
import { S3BucketMap } from "../bucket/s3-bucket-map.js";
import type { SyncMap } from "../map/sync-map.js";
import type { Arguments } from "./arguments.js";
import { echoFacades } from "./echo.js";
import { isInterruption } from "./interruptible.js";
import { noteInterruption } from "./problem.js";
import { asPrompt } from "./prompt.js";
import type { Prompt } from "./prompt.js";
import { difference } from "./stats.js";
import type { Requests } from "./stats.js";

/** What a session prints its own lines on. */
export interface Out {
  print(line: string): void;
  problem(thrown: unknown): void;
}

/** A prompt on a bucket: its maps, and what the commands share. */
export class Session {
  readonly prompt: Prompt;
  readonly map: SyncMap<unknown>;
  /** Without the layers over it, and with Buffers for values. */
  readonly bytes: S3BucketMap<"bytes">;
  readonly base: S3BucketMap<"string" | "bytes">;
  readonly bucket: BucketObject<unknown>;
  isTiming = false;
  lastProblem: { thrown: unknown } | undefined;
  /** How many keys `.ls` shows at once. */
  readonly #rows: () => number;
  readonly #out: Out;

  /** @throws TypeError for a location or an option that cannot be right */
  constructor(given: Arguments, start: ReplOptions, out: Out, rows: () => number) {
    setInteractive();
    const { location, layer, options } = given;
    this.base = new S3BucketMap(location, {
      ...options,
      readAs: layer === "bytes" ? "bytes" : "string",
    } as S3BucketOptions & { readAs: "string" });
    this.bytes = new S3BucketMap(location, { ...options, readAs: "bytes" });
    this.map = layer === "json" ? json(this.base as SyncMap<string>) : this.base;
    this.bucket = asObject(this.map);
    this.#out = out;
    this.#rows = rows;
    this.prompt = asPrompt(repl.start({ useGlobal: true, breakEvalOnSigint: true, ...start }));
    this.#fillContext();
    this.prompt.on("reset", () => this.#fillContext());
    echoFacades(this.prompt);
  }

  get pageLength(): number {
    return this.#rows();
  }

  print(line: string): void {
    this.#out.print(line);
  }

  /** Runs a command; what it throws is shown. */
  run(command: () => void): void {
    try {
      command();
    } catch (thrown) {
      this.failed(thrown);
      this.#out.problem(thrown);
    }
  }

  /** Takes note of what was thrown. */
  failed(thrown: unknown): void {
    this.lastProblem = { thrown };
    if (!isInterruption(thrown)) return;
    noteInterruption(thrown);
    // The worker still goes on with the call, and shows how far it is: the next call ends that.
    this.requests();
  }

  /** The requests so far. Sends none, and starts no worker for it. */
  requests(): Requests {
    const calls = this.base[callsOf]();
    return calls.shared.bridge === undefined ? [] : calls.call({ op: "requests" });
  }

  /** What has been sent since, in words. */
  requestsSince(before: Requests): string {
    return difference(before, this.requests());
  }

  #fillContext(): void {
    for (const [name, value] of Object.entries({ bucket: this.bucket, map: this.map })) {
      Object.defineProperty(this.prompt.context, name, {
        value,
        configurable: true,
        enumerable: true,
        writable: true,
      });
    }
  }
}
