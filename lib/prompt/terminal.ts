import os from "node:os";
import path from "node:path";
import { inspect } from "node:util";
import { callsOf } from "../bucket/bucket-calls.js";
import type { Arguments } from "./arguments.js";
import { defineCommands } from "./commands.js";
import { completeKeys } from "./completion.js";
import { shortenLong } from "./echo.js";
import { followLines } from "./lines.js";
import { paint } from "./paint.js";
import { problemLine } from "./problem.js";
import type { Prompt } from "./prompt.js";
import { Session } from "./session.js";
import type { Requests } from "./stats.js";

/** A prompt at a terminal. */
export function startInteractive(given: Arguments, version: string): void {
  const { stdin, stdout } = process;
  const session: Session = new Session(
    given,
    { input: stdin, output: stdout, terminal: true, prompt: "" },
    {
      print: (line) => void stdout.write(`${line}\n`),
      problem: (thrown) => void stdout.write(`${paint(session.prompt, "red", problemLine(thrown))}\n`),
    },
    // All but the heading, the prompt and the line that says that there is more.
    () => Math.max(10, (stdout.rows ?? 24) - 3),
  );
  const { prompt } = session;
  defineCommands(session);
  // Not until all is set up.
  prompt.setPrompt(PROMPT);
  stdout.write(`${bannerOf(session, version).join("\n")}\n`);
  shortenLong(prompt);
  completeKeys(prompt);
  timeLines(session);
  keepHistory(prompt, () => prompt.displayPrompt());
  prompt.on("exit", () => endWhenHistoryIsKept(prompt));
  // It is loaded while the first line is typed.
  session.base[callsOf]().start();
}

const PROMPT = "> ";

function bannerOf({ base, prompt }: Session, version: string): [string, string] {
  const shown = inspect(base).replace(/^S3BucketMap \{ (.*) \}$/s, "$1");
  return [
    `${paint(prompt, "bold", shown)}  (s3bucketmap ${version}, Node.js ${process.versions.node})`,
    'bucket.key = "value", bucket.key, bucket.<Tab>, delete bucket.key; the same as a Map: map; .help for more',
  ];
}

function timeLines(session: Session): void {
  let started = 0;
  let isTimed = false;
  let before: Requests = [];
  followLines(session.prompt, {
    begin() {
      isTimed = session.isTiming;
      if (isTimed) before = session.requests();
      started = performance.now();
    },
    thrown(error) {
      session.failed(error);
      return paint(session.prompt, "red", problemLine(error));
    },
    end(outcome) {
      if (!isTimed || !session.isTiming || outcome === "part") return;
      const ms = performance.now() - started;
      session.print(paint(session.prompt, "gray", `${ms.toFixed(1)} ms, ${session.requestsSince(before)}`));
    },
  });
}

function keepHistory(prompt: Prompt, done: () => void): void {
  const file = process.env["S3BUCKETMAP_HISTORY"] ?? path.join(os.homedir(), ".s3bucketmap_history");
  // Where the file cannot be used, Node says so, and goes on without.
  prompt.setupHistory(file, done);
}

function endWhenHistoryIsKept(prompt: Prompt): void {
  if ((prompt as { _flushing?: boolean })._flushing === true)
    prompt.once("flushHistory", () => process.exit());
  else process.exit();
}
