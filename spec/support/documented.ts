import { spawnSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import ts from "typescript";
import { withoutProxyMarks } from "./proxy-marks.js";

const root = path.join(__dirname, "../..");

/** One example of a page, as a reader would copy it. */
export interface Snippet {
  readonly page: string;
  /** Of its first line of code. */
  readonly line: number;
  readonly language: "js" | "ts" | "sh";
  readonly code: string;
}

/** The pages for users. */
export const pages = [
  "README.md",
  ...readdirSync(path.join(root, "docs"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".md"))
    .map((file) => `docs/${file}`)
    .sort(),
];

/** The examples of a page, in order. */
export function snippetsOf(page: string): Snippet[] {
  const text = readFileSync(path.join(root, page), "utf8");
  return [...text.matchAll(/^```(js|ts|sh)\n(.*?)^```/gms)].map(({ index, 1: language, 2: code }) => ({
    page,
    line: text.slice(0, index).split("\n").length + 1,
    language: language as Snippet["language"],
    code: code!,
  }));
}

/** Whether it is a CommonJS module. */
export const isCommonJs = ({ code }: Snippet): boolean => /\brequire\(/.test(code);

/**
 * The output that an example shows: the comment after a `console.log`, or the lines of comments directly below one. In
 * a shell's example, the lines of comments directly below a command.
 */
export function shownOutput({ language, code }: Snippet): string[] {
  const shown: string[] = [];
  const mark = language === "sh" ? "# " : "// ";
  let isBelow = false;
  for (const line of code.split("\n")) {
    if (isBelow && line.startsWith(mark)) shown.push(line.slice(mark.length));
    else {
      const [, comment] = /\bconsole\.log\(.*; \/\/ (.*)$/.exec(line) ?? [];
      if (language !== "sh" && comment !== undefined) shown.push(comment);
      isBelow =
        language === "sh"
          ? line.trim() !== "" && !line.startsWith(mark)
          : /console\.log\(.*;$/.test(line) || (isBelow && line === "}");
    }
  }
  return shown;
}

/** Whether a line is as shown; an ellipsis stands for anything. */
export function isAsShown(printed: string, shown: string): boolean {
  const parts = shown.split("…").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`).test(withoutProxyMarks(printed));
}

/** A project of a reader's, in a temporary directory, in which the examples of a page are run one after the other. */
export class Project {
  readonly directory = mkdtempSync(path.join(tmpdir(), "s3bucketmap-documented-"));

  constructor(files: Record<string, string> = {}) {
    const modules = path.join(this.directory, "node_modules");
    mkdirSync(path.join(modules, ".bin"), { recursive: true });
    mkdirSync(path.join(this.directory, "tmp"));
    symlinkSync(root, path.join(modules, "s3bucketmap"));
    for (const name of ["zod", "lodash", "keyv"])
      symlinkSync(path.join(root, "node_modules", name), path.join(modules, name));
    const command = `#!/bin/sh\nexec node "${path.join(root, "dist/prompt/cli.js")}" "$@"\n`;
    writeFileSync(path.join(modules, ".bin/s3bucketmap"), command, { mode: 0o755 });
    mkdirSync(path.join(modules, "vitest"));
    writeFileSync(
      path.join(modules, "vitest/index.js"),
      "module.exports = { describe, expect, it, test };\n",
    );
    writeFileSync(path.join(this.directory, "package.json"), "{}\n");
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(path.dirname(path.join(this.directory, name)), { recursive: true });
      writeFileSync(path.join(this.directory, name), text);
    }
  }

  /** Runs an example, as `node FILE` or in a shell, and gives what it prints. */
  run(snippet: Snippet, environment: NodeJS.ProcessEnv): string {
    const { language, code, page, line } = snippet;
    if (language === "sh") return this.#spawn("sh", ["-e", "-c", code], environment);
    const isModule = !isCommonJs(snippet);
    const runner = runnerOf(code);
    const toCommonJs = isModule && runner === underJest;
    const name = `${path.basename(page, ".md")}-${line}${runner === underNode ? "" : ".test"}`;
    const file = path.join(this.directory, `${name}.${isModule && !toCommonJs ? "mjs" : "cjs"}`);
    writeFileSync(file, language === "ts" || toCommonJs ? javascriptOf(code, toCommonJs) : code);
    return this.#spawn(process.execPath, [...runner, file], environment);
  }

  #spawn(command: string, args: readonly string[], environment: NodeJS.ProcessEnv): string {
    const { status, stdout, stderr } = spawnSync(command, args, {
      cwd: this.directory,
      env: {
        PATH: `${path.join(this.directory, "node_modules/.bin")}:${process.env["PATH"]}`,
        HOME: this.directory,
        TMPDIR: path.join(this.directory, "tmp"),
        NODE_NO_WARNINGS: "1",
        npm_config_offline: "true",
        ...environment,
      },
      input: "",
      encoding: "utf8",
      timeout: 60_000,
    });
    if (status !== 0) throw new Error(`It ended with ${status}:\n${stdout}${stderr}`);
    return stdout;
  }

  remove(): void {
    rmSync(this.directory, { recursive: true });
  }
}

function javascriptOf(code: string, toCommonJs: boolean): string {
  const module = toCommonJs ? ts.ModuleKind.CommonJS : ts.ModuleKind.ESNext;
  return ts.transpileModule(code, { compilerOptions: { target: ts.ScriptTarget.ES2023, module } }).outputText;
}

const underNode: string[] = [];
const underNodeTest = ["--test"];
const underJest = [
  path.join(root, "node_modules/jest/bin/jest.js"),
  "--rootDir",
  ".",
  "--testMatch",
  "**/*.test.cjs",
  "--runTestsByPath",
];

/** What runs an example. Vitest is not installed: its tests run under Jest, which has functions of the same names. */
function runnerOf(code: string): string[] {
  if (/from "node:test"|require\("node:test"\)/.test(code)) return underNodeTest;
  return /^(describe|test|it|contract)\(/m.test(code) ? underJest : underNode;
}
