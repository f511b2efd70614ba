import { spawn, spawnSync } from "node:child_process";
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";
import { Screen } from "./screen.js";

const COLUMNS = 120;

export const keys = {
  tab: "\t",
  enter: "\r",
  up: "\x1b[A",
  ctrlC: "\x03",
  ctrlD: "\x04",
  ctrlU: "\x15",
} as const;

/** Whether there is the `script` of util-linux, which runs a program in a pseudoterminal. */
export const hasTerminal: boolean = spawnSync("script", ["--version"], { encoding: "utf8" }).stdout?.includes(
  "util-linux",
);

export interface TerminalOptions {
  env?: Record<string, string>;
  cwd?: string;
  columns?: number;
}

/** A program in a real terminal (a pseudoterminal of the system's), driven by keys. */
export class Terminal {
  /** All that came, escape sequences included. */
  raw = "";
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #screen: Screen;
  #from = 0;
  #wake = (): void => {};

  constructor(command: readonly string[], { env = {}, cwd, columns = COLUMNS }: TerminalOptions = {}) {
    this.#screen = new Screen(columns);
    const quoted = command.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
    this.#child = spawn("script", ["-qfec", `stty cols ${columns} rows 40; exec ${quoted}`, "/dev/null"], {
      env: { ...process.env, TERM: "xterm-256color", SHELL: "/bin/sh", ...env },
      ...(cwd === undefined ? {} : { cwd }),
    });
    this.#child.stdout.setEncoding("utf8").on("data", (text: string) => {
      this.raw += text;
      this.#screen.write(text);
      this.#wake();
    });
    this.#child.on("exit", () => this.#wake());
  }

  /** Resolves with the exit code. */
  async ended(): Promise<number | null> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, "exit");
    return this.#child.exitCode;
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }

  /** Presses keys. */
  press(text: string): void {
    this.#child.stdin.write(text);
  }

  /**
   * Presses the keys one after the other, each when the one before is on the screen, and no faster than a person:
   * for its previews Node leaves the terminal's raw mode for moments, and a key pressed then is echoed twice.
   */
  async type(text: string): Promise<void> {
    for (let at = 1; at <= text.length; at += 1) {
      this.press(text.charAt(at - 1));
      await this.until(
        () => this.#screen.atCursor.endsWith(text.slice(0, at)),
        `the echo of ${text.slice(0, at)}`,
      );
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
  }

  /** Presses the keys and Enter, and resolves with what is shown until the prompt comes back. */
  async run(line: string): Promise<string[]> {
    this.mark();
    this.press(`${line}\r`);
    // eslint-disable-next-line no-control-regex -- a Ctrl-U may stand before it
    const typed = `> ${line.replace(/[\x00-\x1f]/g, "")}`;
    await this.until(() => this.lines.includes(typed), typed);
    await this.prompt();
    return this.lines.slice(this.lines.lastIndexOf(typed) + 1, -1);
  }

  /** Resolves when the prompt waits for a line. */
  async prompt(): Promise<void> {
    await this.until(() => this.#screen.atCursor === "> " && this.lines.at(-1) === ">", "the prompt");
  }

  /** The lines since the mark, without empty ones at their end. */
  get lines(): string[] {
    const lines = this.#screen.lines.slice(this.#from);
    while (lines.at(-1) === "") lines.pop();
    return lines;
  }

  /** What was shown until now is not looked at again. */
  mark(): void {
    this.#from = this.#screen.row;
  }

  async shows(what: string | RegExp): Promise<void> {
    await this.until(() => {
      const text = this.lines.join("\n");
      return typeof what === "string" ? text.includes(what) : what.test(text);
    }, String(what));
  }

  async until(reached: () => boolean, what: string): Promise<void> {
    const given = setTimeout(() => this.#wake(), WAIT_MS);
    const deadline = Date.now() + WAIT_MS;
    while (!reached()) {
      if (this.#child.exitCode !== null || Date.now() >= deadline) {
        throw new Error(`the terminal never showed ${what}; it shows:\n${this.#screen.lines.join("\n")}`);
      }
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    clearTimeout(given);
  }
}

/** Only to say what is missing rather than to be ended by the test framework. */
const WAIT_MS = 8_000;
