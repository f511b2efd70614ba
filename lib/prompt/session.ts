import repl from "node:repl";
import type { ReplOptions } from "node:repl";
import { setInteractive } from "../arguments/options.js";
import type { S3BucketOptions } from "../arguments/options.js";
import type { RequestCount } from "../bridge/protocol.js";
import { callsOf } from "../bucket/bucket-calls.js";
import { S3BucketMap } from "../bucket/s3-bucket-map.js";
import { asObject } from "../facade/bucket-object.js";
import { json } from "../layers/json.js";
import type { SyncMap } from "../map/sync-map.js";
import type { Arguments } from "./arguments.js";
import { echoFacades } from "./echo.js";
import { noteInterruption } from "./problem.js";
import { asPrompt, isInterruption } from "./prompt.js";
import type { Prompt } from "./prompt.js";

/** Where a session writes its own lines. */
export interface Output {
  print(line: string): void;
  problem(thrown: unknown): void;
  /** How many keys `.ls` shows at once. */
  pageLength(): number;
}

/** A prompt on a bucket, with its maps and the state of its commands. */
export class Session {
  readonly prompt: Prompt;
  readonly output: Output;
  /** Without layers. */
  readonly base: S3BucketMap<"string" | "bytes">;
  isTiming = false;
  lastProblem: { thrown: unknown } | undefined;

  /** @throws TypeError for an invalid location or option */
  constructor(given: Arguments, start: ReplOptions, output: Output) {
    setInteractive();
    const { location, layer, options } = given;
    this.base = new S3BucketMap(location, {
      ...options,
      readAs: layer === "bytes" ? "bytes" : "string",
      // The class has an overload for each literal, and none for their union.
    } as S3BucketOptions & { readAs: "string" });
    const map: SyncMap<unknown> = layer === "json" ? json(this.base as SyncMap<string>) : this.base;
    this.output = output;
    this.prompt = asPrompt(repl.start({ useGlobal: true, breakEvalOnSigint: true, ...start }));
    const variables = { bucket: asObject(map), map };
    defineVariables(this.prompt, variables);
    this.prompt.on("reset", () => defineVariables(this.prompt, variables));
    echoFacades(this.prompt);
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

  /** Records what was thrown. */
  failed(thrown: unknown): void {
    this.lastProblem = { thrown };
    if (!isInterruption(thrown)) return;
    noteInterruption(thrown);
    // The worker is still busy with the interrupted call, and draws its progress. The next call ends that.
    this.requests();
  }

  /** The requests so far, by operation. Sends none, and does not start the worker. */
  requests(): readonly RequestCount[] {
    const calls = this.base[callsOf]();
    return calls.shared.bridge === undefined ? [] : calls.call({ op: "requests" });
  }
}

function defineVariables({ context }: Prompt, variables: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(variables)) {
    Object.defineProperty(context, name, { value, configurable: true, enumerable: true, writable: true });
  }
}
