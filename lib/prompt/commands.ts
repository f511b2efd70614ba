import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import type { REPLServer } from "node:repl";
import { inspect } from "node:util";
import type { RequestCount } from "../bridge/protocol.js";
import { asBytes, asCount, asName } from "../text/format.js";
import { didYouMean } from "../text/spelling.js";
import { asTyped } from "./arguments.js";
import { wordsOf } from "./line.js";
import { listFirst, tableOf } from "./listing.js";
import { interruptible, isWithinStatement } from "./prompt.js";
import type { Session } from "./session.js";

/** The longest page that S3 returns. */
const MAX_PAGE = 1000;

/** Wrong arguments, or a command that cannot be carried out. The message says what to do instead. */
class CommandError extends Error {
  override name = "Error";
}

/** Adds the commands that begin with a dot. */
export function defineCommands(session: Session): void {
  const { prompt, output } = session;
  let rest: { prefix: string; startAfter: string } | undefined;

  function define(name: string, help: string, action: (words: string[]) => void): void {
    prompt.defineCommand(name, {
      help,
      action(this: REPLServer, text: string) {
        session.run(() => action(wordsOf(text)));
        this.displayPrompt();
      },
    });
  }

  // Node looks commands up in this object. Of a missing one it says only that it is invalid.
  Object.setPrototypeOf(
    prompt.commands,
    new Proxy({}, { get: (_none, name) => (isWithinStatement(prompt) ? undefined : unknown(String(name))) }),
  );

  function unknown(name: string): { action: (this: REPLServer) => void } {
    return {
      action() {
        session.run(() => {
          throw new CommandError(whatIsWrong(name, Object.keys(prompt.commands)));
        });
        this.displayPrompt();
      },
    };
  }

  const help = prompt.commands["help"]!;
  prompt.defineCommand("help", {
    ...help,
    action(text) {
      output.print(
        "In scope: s3 (all buckets), and all exports of s3bucketmap and its layers, such as copyAll and json.",
      );
      output.print("The documentation is in the package s3bucketmap: README.md and docs/prompt.md.\n");
      help.action.call(this, text);
    },
  });

  define("ls", "List keys, one level deep: .ls [prefix]", ([prefix = "", ...more]) => {
    refuseMore(more, ".ls [prefix]");
    rest = undefined;
    list(prefix);
  });
  define("more", "List the keys that .ls left out", (words) => {
    refuseMore(words, ".more");
    if (rest === undefined) throw new CommandError("There are no more keys. Begin again with .ls [prefix].");
    list(rest.prefix, rest.startAfter);
  });

  function list(prefix: string, startAfter?: string): void {
    let from = startAfter;
    for (;;) {
      const { entries, isMore } = interruptible(prompt, () =>
        listFirst(session.base, {
          prefix,
          delimiter: "/",
          limit: Math.min(output.pageLength(), MAX_PAGE),
          ...(from === undefined ? {} : { startAfter: from }),
        }),
      );
      const { heading, rows } = tableOf(prompt, entries);
      if (from === undefined && entries.length > 0) output.print(heading);
      if (from === undefined && entries.length === 0)
        output.print(prefix === "" ? "(no keys)" : `(no key begins with ${asName(prefix)})`);
      for (const row of rows) output.print(row);
      from = entries.at(-1)?.key;
      rest = isMore && from !== undefined ? { prefix, startAfter: from } : undefined;
      if (rest === undefined) return;
      if (output.pageLength() !== Infinity) return output.print("… and more: .more lists them");
    }
  }

  define("head", "Show what S3 knows about a key: .head key", ([key, ...more]) => {
    if (key === undefined) throw new CommandError("Say which key: .head key");
    refuseMore(more, ".head key");
    const head = interruptible(prompt, () => session.base.head(key));
    if (head === undefined) throw new CommandError(`There is no key ${asName(key)}.`);
    output.print(inspect(head, { colors: prompt.useColors }));
  });

  define("get", "Copy a value into a new file or a directory: .get key file", ([key, target, ...more]) => {
    if (key === undefined || target === undefined)
      throw new CommandError("Say which key and which file: .get key file");
    refuseMore(more, ".get key file");
    const file = fileFor(key, withHome(target));
    if (fs.existsSync(file))
      throw new CommandError(`${file} already exists, and .get overwrites nothing. Name another file.`);
    const isFound = interruptible(prompt, () => session.base.getFile(key, file));
    if (!isFound) throw new CommandError(`There is no key ${asName(key)}.`);
    output.print(`${asBytes(fs.statSync(file).size)} in ${file}`);
  });

  define("put", "Store a file's bytes as a value: .put file key, or folder/", ([source, target, ...more]) => {
    if (source === undefined || target === undefined)
      throw new CommandError("Say which file and which key: .put file key");
    refuseMore(more, ".put file key");
    const file = withHome(source);
    const key = target.endsWith("/") ? `${target}${path.basename(file)}` : target;
    interruptible(prompt, () => session.base.putFile(key, file));
    output.print(`${asBytes(fs.statSync(file).size)} in ${asName(key)}`);
  });

  define(
    "url",
    "Print a link to a value that works for an hour, or for this many seconds: .url key [seconds]",
    ([key, seconds, ...more]) => {
      if (key === undefined) throw new CommandError("Say which key: .url key [seconds]");
      refuseMore(more, ".url key [seconds]");
      if (seconds !== undefined && !/^\d+$/.test(seconds))
        throw new CommandError("Say for how many seconds: .url key 600");
      const options = seconds === undefined ? {} : { expiresIn: Number(seconds) };
      output.print(interruptible(prompt, () => session.base.url(key, options)));
    },
  );

  define("stats", "Show the requests sent since the start, with bytes and time, by operation", (words) => {
    refuseMore(words, ".stats");
    for (const line of requestTable(session.requests())) output.print(line);
  });

  define("timing", "Show milliseconds and requests after each line: .timing [on|off]", ([state, ...more]) => {
    refuseMore(more, ".timing [on|off]");
    if (state !== undefined && state !== "on" && state !== "off") {
      throw new CommandError("Use .timing on, .timing off, or .timing to toggle it.");
    }
    session.isTiming = state === undefined ? !session.isTiming : state === "on";
    output.print(session.isTiming ? "Timing is on." : "Timing is off.");
  });

  define(
    "diagnose",
    "Check the settings, the permissions and the service: .diagnose [read-only]",
    ([how, ...more]) => {
      refuseMore(more, ".diagnose [read-only]");
      const readOnly = how === "read-only" || how === "--read-only";
      if (how !== undefined && !readOnly)
        throw new CommandError("Use .diagnose, or .diagnose read-only to write nothing.");
      output.print(asTyped(String(interruptible(prompt, () => session.base.diagnose({ readOnly })))));
    },
  );

  define("stack", "Show the last error with its stack and its cause", (words) => {
    refuseMore(words, ".stack");
    if (session.lastProblem === undefined) throw new CommandError("There was no error.");
    output.print(inspect(session.lastProblem.thrown, { showProxy: false }));
  });
}

/** @param name - what stands between a dot at the beginning of a line and the first space */
function whatIsWrong(name: string, commands: string[]): string {
  if (name.includes("(")) {
    // Without a terminal, Node has no .editor.
    const how = commands.includes("editor") ? "needs .editor" : "has its dots at the ends of lines";
    return `A line that begins with a dot is a command. A statement over several lines ${how}.`;
  }
  // What Node looks up where nothing stands there.
  if (name === "null" || name === "undefined")
    return "A command's name comes directly after the dot: .help lists them";
  return `There is no command .${name}${didYouMean(name, commands, ": .help lists them", (right) => `.${right}`)}`;
}

/** The path that a shell would make of it. */
function withHome(file: string): string {
  return /^~(?:\/|$)/.test(file) ? path.join(os.homedir(), file.slice(1)) : file;
}

/** In a directory, a file is named as the last part of the key, as `cp` does. */
function fileFor(key: string, target: string): string {
  const isDirectory = target.endsWith("/") || fs.statSync(target, { throwIfNoEntry: false })?.isDirectory();
  return isDirectory === true ? path.join(target, path.basename(key)) : target;
}

/** A row for each operation of S3's, and one for their sum. */
function requestTable(requests: readonly RequestCount[]): string[] {
  if (requests.length === 0) return ["No requests yet."];
  const sum: RequestCount = {
    operation: "all",
    requests: 0,
    failed: 0,
    bytesSent: 0,
    bytesReceived: 0,
    ms: 0,
  };
  for (const count of requests)
    for (const name of ["requests", "failed", "bytesSent", "bytesReceived", "ms"] as const)
      sum[name] += count[name];
  const heading = ["operation", "requests", "failed", "sent", "received", "time", "each"];
  const rows = [...requests, sum].map((count) => [
    count.operation,
    asCount(count.requests),
    asCount(count.failed),
    asBytes(count.bytesSent),
    asBytes(count.bytesReceived),
    `${asCount(Math.round(count.ms))} ms`,
    `${(count.ms / count.requests).toFixed(1)} ms`,
  ]);
  const widths = heading.map((title, at) => Math.max(title.length, ...rows.map((row) => row[at]!.length)));
  return [heading, ...rows].map(
    (row) =>
      `  ${row.map((cell, at) => (at === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[at]!))).join("  ")}`,
  );
}

function refuseMore(words: readonly string[], usage: string): void {
  if (words.length === 0) return;
  throw new CommandError(
    `That is ${asCount(words.length)} too many. Use ${usage}, and put words with spaces in quotes.`,
  );
}
