#!/usr/bin/env node
import { version } from "../build-stamp.js";
import { asTyped, parseArguments, usage, UsageError } from "./arguments.js";
import type { Arguments } from "./arguments.js";
import { problemLine } from "./problem.js";
import { S3BucketMap } from "../bucket/s3-bucket-map.js";

/** The exit code for a mistake on the command line. */
const USAGE_MISTAKE = 2;

async function main(): Promise<void> {
  const given = parseArguments(process.argv.slice(2), process.env);
  if (given === "help") process.stdout.write(usage);
  else if (given === "version") process.stdout.write(`${version}\n`);
  else if (given.diagnosis !== undefined) end(diagnose(given));
  else if (given.code !== undefined) end(await (await headless()).runCode(given, given.code));
  else if (process.stdin.isTTY && process.stdout.isTTY) await start(given);
  else end(await (await headless()).runPiped(given));
}

/** Prints the report. @returns the exit code */
function diagnose({ location, options, diagnosis }: Arguments): number {
  // parseArguments asks for a location with --diagnose.
  const report = new S3BucketMap(location!, options).diagnose(diagnosis);
  process.stdout.write(`${asTyped(String(report))}\n`);
  return report.ok ? 0 : 1;
}

// The evaluated code may have set an exit code.
function end(code: number): void {
  if (code !== 0) process.exitCode = code;
}

// Loaded late, so that mistakes on the command line are reported quickly.
const headless = (): Promise<typeof import("./headless.js")> => import("./headless.js");

async function start(given: Arguments): Promise<void> {
  const { startInteractive } = await import("./terminal.js");
  startInteractive(given, version);
}

// The reader has closed the pipe, as `head` does.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit();
});

main().catch((error: unknown) => {
  // The library throws a TypeError for an invalid location or option.
  const isMistake = error instanceof UsageError || error instanceof TypeError;
  const text = isMistake ? asTyped(error.message) : problemLine(error);
  process.stderr.write(`s3bucketmap: ${text}\n`);
  process.exitCode = isMistake ? USAGE_MISTAKE : 1;
});
