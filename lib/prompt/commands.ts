import fs from "node:fs";
import type { REPLServer } from "node:repl";
import { inspect } from "node:util";
import { asBytes, asCount, asKey } from "../text/format.js";
import { peekAt } from "./peek.js";
import { interruptible } from "./interruptible.js";
import { problemInFull } from "./problem.js";
import { statsTable } from "./stats.js";
import type { Session } from "./session.js";
import { headingOf, rowsOf } from "./table.js";
import { wordsOf } from "./words.js";

/** S3 lists no more at once. */
const MAX_PAGE = 1000;

/** A command that was given the wrong words, or cannot be carried out: the message says how to say it. */
class CommandError extends Error {
  override name = "Error";
}

/** Adds the commands that begin with a dot. */
export function defineCommands(session: Session): void {
  const { prompt } = session;
  let rest: { prefix: string; startAfter: string } | undefined;

  function define(name: string, help: string, action: (words: string[]) => void): void {
    prompt.defineCommand(name, {
      help,
      action(this: REPLServer, text: string) {
        this.clearBufferedCommand();
        session.run(() => action(wordsOf(text)));
        this.displayPrompt();
      },
    });
  }

  define("ls", "List keys, one level deep: .ls [prefix]", ([prefix = "", ...more]) => {
    refuseMore(more, ".ls [prefix]");
    rest = undefined;
    list(prefix);
  });
  define("more", "List the keys that .ls left out", (words) => {
    refuseMore(words, ".more");
    if (rest === undefined) throw new CommandError("There is no more: begin with .ls [prefix].");
    list(rest.prefix, rest.startAfter);
  });

  function list(prefix: string, startAfter?: string): void {
    let from = startAfter;
    for (;;) {
      const { entries, isMore } = interruptible(prompt, () =>
        peekAt(session.base, {
          prefix,
          delimiter: "/",
          limit: Math.min(session.pageLength, MAX_PAGE),
          ...(from === undefined ? {} : { startAfter: from }),
        }),
      );
      if (from === undefined && entries.length > 0) session.print(headingOf(prompt, entries));
      if (from === undefined && entries.length === 0)
        session.print(prefix === "" ? "(no keys)" : `(no key begins with ${asKey(prefix)})`);
      for (const row of rowsOf(prompt, entries)) session.print(row);
      from = entries.at(-1)?.key;
      rest = isMore && from !== undefined ? { prefix, startAfter: from } : undefined;
      if (rest === undefined) return;
      if (session.pageLength !== Infinity) return session.print("… and more: .more lists them");
    }
  }

  define("head", "What S3 knows of a key: .head key", ([key, ...more]) => {
    if (key === undefined) throw new CommandError("Say which key: .head key");
    refuseMore(more, ".head key");
    const head = interruptible(prompt, () => session.base.head(key));
    if (head === undefined) throw new CommandError(`There is no key ${asKey(key)}.`);
    session.print(inspect(head, { colors: prompt.useColors }));
  });

  define("get", "Copy a value into a new file: .get key file", ([key, file, ...more]) => {
    if (key === undefined || file === undefined)
      throw new CommandError("Say which key and which file: .get key file");
    refuseMore(more, ".get key file");
    if (fs.existsSync(file)) {
      throw new CommandError(
        `The file ${file} exists, and is not overwritten: name another, or remove it first.`,
      );
    }
    const bytes = interruptible(prompt, () => session.bytes.get(key));
    if (bytes === undefined) throw new CommandError(`There is no key ${asKey(key)}.`);
    fs.writeFileSync(file, bytes, { flag: "wx" });
    session.print(`${asBytes(bytes.length)} in ${file}`);
  });

  define("put", "Store a file's bytes as a value: .put file key", ([file, key, ...more]) => {
    if (key === undefined || file === undefined)
      throw new CommandError("Say which file and which key: .put file key");
    refuseMore(more, ".put file key");
    const bytes = fs.readFileSync(file);
    interruptible(prompt, () => session.bytes.set(key, bytes));
    session.print(`${asBytes(bytes.length)} in ${asKey(key)}`);
  });

  define("stats", "Requests sent since the start, with bytes and time, by operation", (words) => {
    refuseMore(words, ".stats");
    for (const line of statsTable(session.requests())) session.print(line);
  });

  define("timing", "Show milliseconds and requests after each line: .timing [on|off]", ([state, ...more]) => {
    refuseMore(more, ".timing [on|off]");
    if (state !== undefined && state !== "on" && state !== "off") {
      throw new CommandError("Say .timing on, .timing off, or .timing for the other of the two.");
    }
    session.isTiming = state === undefined ? !session.isTiming : state === "on";
    session.print(session.isTiming ? "Timing is on." : "Timing is off.");
  });

  define("diagnose", "What may be done here, and what is wrong: .diagnose [read-only]", ([how, ...more]) => {
    refuseMore(more, ".diagnose [read-only]");
    const readOnly = how === "read-only" || how === "--read-only";
    if (how !== undefined && !readOnly)
      throw new CommandError("Say .diagnose, or .diagnose read-only to write nothing.");
    session.print(String(interruptible(prompt, () => session.base.diagnose({ readOnly }))));
  });

  define("stack", "The last error with its stack and its cause", (words) => {
    refuseMore(words, ".stack");
    if (session.lastProblem === undefined) throw new CommandError("There was no error.");
    session.print(problemInFull(session.lastProblem.thrown));
  });
}

function refuseMore(words: readonly string[], usage: string): void {
  if (words.length === 0) return;
  throw new CommandError(
    `That is ${asCount(words.length)} too many: say ${usage}, and put what has spaces in it in quotes.`,
  );
}
