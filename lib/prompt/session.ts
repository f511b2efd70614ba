import repl from "node:repl";
import type { ReplOptions } from "node:repl";
import { setInteractive } from "../arguments/options.js";
import type { S3BucketOptions } from "../arguments/options.js";
import type { RequestCount } from "../bridge/protocol.js";
import { BucketCalls, callsOf } from "../bucket/bucket-calls.js";
import { bucketsBehind } from "../entry/buckets-map.js";
import type { BucketsMap } from "../entry/buckets-map.js";
import { s3Buckets } from "../entry/s3-buckets.js";
import type { S3Buckets } from "../entry/s3-buckets.js";
import { S3BucketMap } from "../bucket/s3-bucket-map.js";
import { asObject } from "../facade/bucket-object.js";
import * as library from "../index.js";
import * as layers from "../layers/index.js";
import type { SyncMap } from "../map/sync-map.js";
import type { Arguments } from "./arguments.js";
import { echoFacades } from "./echo.js";
import { valueOf } from "./completion.js";
import { hintFor } from "./hints.js";
import { noteInterruption, problemLine } from "./problem.js";
import { isInterruption } from "../bridge/interruption.js";
import { asPrompt } from "./prompt.js";
import type { Prompt } from "./prompt.js";

/** Where a session writes its own lines. */
export interface Output {
  print(line: string): void;
  problem(thrown: unknown): void;
  /** How many keys `.ls` shows at once. */
  readonly pageLength: () => number;
}

/** A prompt on a bucket, with its maps and the state of its commands. */
export class Session {
  readonly prompt: Prompt;
  readonly output: Output;
  /** The buckets of the account. */
  readonly s3: S3Buckets<string | Buffer>;
  readonly #base: S3BucketMap<"string" | "bytes"> | undefined;
  /** Of no map: a line may close a map, or change the environment before its first request. */
  readonly #calls: BucketCalls;
  isTiming = false;
  lastProblem: { thrown: unknown } | undefined;

  /** @throws TypeError for an invalid location or option */
  constructor(given: Arguments, start: ReplOptions, output: Output) {
    setInteractive();
    const { location, layer, options } = given;
    // What the values are is known to whoever types, not here.
    const read = { ...options, readAs: layer === "bytes" ? "bytes" : "string" } as S3BucketOptions;
    this.s3 = s3Buckets(read);
    this.#calls = new BucketCalls({ settings: this.#buckets[callsOf]().shared.settings }, "");
    // Errors and documentation name what the package exports.
    const variables: Record<string, unknown> = { ...library, ...layers, s3: this.s3 };
    let map: SyncMap<unknown> | undefined;
    if (location !== undefined) {
      this.#base = new S3BucketMap(location, read);
      map = layer === "json" ? layers.live(layers.json(this.#base as SyncMap<string>)) : this.#base;
      Object.assign(variables, { bucket: asObject(map), map });
    }
    this.output = output;
    // As many lines as node's own prompt keeps; the default is 30. The types do not know this option of readline.
    const history = { historySize: 1000 };
    this.prompt = asPrompt(repl.start({ useGlobal: true, breakEvalOnSigint: true, ...history, ...start }));
    defineVariables(this.prompt, variables);
    this.prompt.on("reset", () => defineVariables(this.prompt, variables));
    echoFacades(this.prompt, map);
  }

  /** The bucket's map, without layers. @throws if none was named */
  get base(): S3BucketMap<"string" | "bytes"> {
    return this.#base ?? noBucket();
  }

  /** The same, or undefined. */
  get map(): S3BucketMap<"string" | "bytes"> | undefined {
    return this.#base;
  }

  /** What the prompt shows at its start: the map, or all buckets. */
  get shown(): object {
    return this.#base ?? this.#buckets;
  }

  get #buckets(): BucketsMap {
    return bucketsBehind(this.s3)!;
  }

  /** Starts the worker, without waiting for it. */
  startWorker(): void {
    this.#calls.bridge.start();
  }

  /** Runs a command, and shows what it throws. */
  run(command: () => void): void {
    try {
      command();
    } catch (thrown) {
      this.failed(thrown);
      this.output.problem(thrown);
    }
  }

  /** What was thrown, in one line. */
  problemLine(thrown: unknown): string {
    return problemLine(
      thrown,
      hintFor(thrown, (path) => valueOf(this.prompt, path), this.prompt.commands),
    );
  }

  /** Records what was thrown. */
  failed(thrown: unknown): void {
    this.lastProblem = { thrown };
    if (!isInterruption(thrown)) return;
    noteInterruption(thrown);
    // The worker is still busy with the interrupted call, and draws its progress. The next call ends that.
    try {
      this.requests();
    } catch {
      // The next call of a map reports the error.
    }
  }

  /** The requests so far of all maps, by operation. Sends none. @throws if the worker does not answer */
  requests(): readonly RequestCount[] {
    return this.#calls.call({ op: "requests" });
  }
}

function noBucket(): never {
  throw new Error(
    "No bucket was named when this prompt was started. Use s3.NAME, or start it with s3bucketmap NAME.",
  );
}

function defineVariables({ context }: Prompt, variables: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(variables)) {
    Object.defineProperty(context, name, { value, configurable: true, enumerable: true, writable: true });
  }
}
