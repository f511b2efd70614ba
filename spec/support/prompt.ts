import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { HttpS3 } from "./http-s3.js";
import { Terminal } from "./terminal.js";

/** The Node whose prompt it is: another than that of the specs, to try them on it. */
export const node = process.env["S3BUCKETMAP_SPEC_NODE"] ?? process.execPath;

export const cli = path.join(__dirname, "../../dist/prompt/cli.js");
export const library = path.join(__dirname, "../../dist/index.js");
export const hook = path.join(__dirname, "../../dist/prompt/hook.js");

/** A folder for files and histories, removed by `close`, which also ends the terminals. */
export class Prompts {
  readonly folder: string = mkdtempSync(path.join(tmpdir(), "s3bucketmap-prompt-"));
  readonly #terminals: Terminal[] = [];

  /** The environment that leads to a server. */
  environment(server?: HttpS3): Record<string, string> {
    return {
      HOME: this.folder,
      NODE_REPL_HISTORY: "",
      AWS_REGION: "us-east-1",
      AWS_ACCESS_KEY_ID: "key",
      AWS_SECRET_ACCESS_KEY: "secret",
      S3BUCKETMAP_LOCAL: "",
      NO_COLOR: "1",
      ...(server === undefined ? {} : { AWS_ENDPOINT_URL_S3: server.endpoint }),
    };
  }

  /** `s3bucketmap` with these arguments, when its prompt is there. */
  async open(
    server: HttpS3,
    args: string[] = ["s3://bucket"],
    env: Record<string, string> = {},
    columns?: number,
  ): Promise<Terminal> {
    return this.start([node, cli, ...args], { ...this.environment(server), ...env }, columns);
  }

  /** Any program with Node's prompt, when the prompt is there. */
  async start(command: string[], env: Record<string, string>, columns?: number): Promise<Terminal> {
    const terminal = this.run(command, env, columns);
    await terminal.prompt();
    return terminal;
  }

  /** Any program. */
  run(command: string[], env: Record<string, string>, columns?: number): Terminal {
    const size = columns === undefined ? {} : { columns };
    const terminal = new Terminal(command, { env, cwd: this.folder, ...size });
    this.#terminals.push(terminal);
    return terminal;
  }

  endTerminals(): void {
    for (const terminal of this.#terminals.splice(0)) terminal.kill();
  }

  close(): void {
    this.endTerminals();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
