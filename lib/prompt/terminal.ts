import os from "node:os";
import path from "node:path";
import { inspect } from "node:util";
import type { RequestCount } from "../bridge/protocol.js";
import { S3BucketMap } from "../bucket/s3-bucket-map.js";
import { asCount } from "../text/format.js";
import type { Arguments } from "./arguments.js";
import { defineCommands } from "./commands.js";
import { completeKeys } from "./completion.js";
import { shortenLong } from "./echo.js";
import { followLines } from "./lines.js";
import { paint, PROMPT } from "./prompt.js";
import type { Prompt } from "./prompt.js";
import { Session } from "./session.js";

/** Starts the prompt at a terminal. */
export function startInteractive(given: Arguments, version: string): void {
  const { stdin, stdout } = process;
  const session: Session = new Session(
    given,
    { input: stdin, output: stdout, terminal: true, prompt: "" },
    {
      print: (line) => void stdout.write(`${line}\n`),
      problem: (thrown) =>
        void stdout.write(`${paint(session.prompt, "red", session.problemLine(thrown))}\n`),
      // Three rows are left for the heading, the line that says that there is more, and the prompt.
      pageLength: () => Math.max(10, (stdout.rows ?? 24) - 3),
    },
  );
  const { prompt } = session;
  defineCommands(session);
  // Shown only now that the commands are defined.
  prompt.setPrompt(PROMPT);
  stdout.write(`${bannerOf(session, given, version).join("\n")}\n`);
  shortenLong(prompt, session.output.pageLength);
  completeKeys(prompt, () => session.map);
  timeLines(session);
  keepHistory(prompt, () => prompt.displayPrompt());
  prompt.on("exit", () => endWhenHistoryIsKept(prompt));
  // The worker loads while the first line is typed.
  session.startWorker();
}

function bannerOf({ shown: of, prompt }: Session, given: Arguments, version: string): string[] {
  const shown = inspect(of).replace(/^\w+ \{ (.*) \}$/s, "$1");
  const hint =
    of instanceof S3BucketMap
      ? 'bucket.key = "value", bucket.key, bucket.<Tab>, delete bucket.key; the same as a Map: map; .help for more'
      : "Object.keys(s3), s3.<Tab>, s3.name.key; .help for more";
  return [
    `${paint(prompt, "bold", shown)}  (s3bucketmap ${version}, Node.js ${process.versions.node})`,
    hint,
    ...(given.isUnnamed === true
      ? ['No bucket was named, so it is "bucket". Another one: s3.NAME, or s3bucketmap --local DIR NAME']
      : []),
  ];
}

function timeLines(session: Session): void {
  let started = 0;
  let isTimed = false;
  let before: readonly RequestCount[] = [];
  followLines(session.prompt, {
    begin() {
      isTimed = session.isTiming;
      if (isTimed) session.run(() => (before = session.requests()));
      started = performance.now();
    },
    thrown(error) {
      session.failed(error);
      return paint(session.prompt, "red", session.problemLine(error));
    },
    end(outcome) {
      if (!isTimed || !session.isTiming || outcome === "part") return;
      const ms = performance.now() - started;
      session.run(() => {
        const requests = difference(before, session.requests());
        session.output.print(paint(session.prompt, "gray", `${ms.toFixed(1)} ms, ${requests}`));
      });
    },
  });
}

/** How many requests were sent in between, and of which operations: `2 requests (GetObject, PutObject)`. */
function difference(before: readonly RequestCount[], after: readonly RequestCount[]): string {
  const more = after
    .map(({ operation: name, requests }) => {
      const known = before.find(({ operation }) => operation === name);
      return { name, count: requests - (known?.requests ?? 0) };
    })
    .filter(({ count }) => count > 0);
  const all = more.reduce((total, { count }) => total + count, 0);
  const names = more.map(({ name, count }) => (count === 1 ? name : `${asCount(count)} ${name}`));
  const which = names.length === 0 ? "" : ` (${names.join(", ")})`;
  return `${all === 1 ? "1 request" : `${asCount(all)} requests`}${which}`;
}

function keepHistory(prompt: Prompt, done: () => void): void {
  const file = process.env["S3BUCKETMAP_HISTORY"] ?? path.join(os.homedir(), ".s3bucketmap_history");
  // If the file cannot be used, Node says so and continues without it.
  prompt.setupHistory(file, done);
}

function endWhenHistoryIsKept(prompt: Prompt): void {
  if ((prompt as { _flushing?: boolean })._flushing === true)
    prompt.once("flushHistory", () => process.exit());
  else process.exit();
}
