import fs from "node:fs";
import path from "node:path";
import type { Call } from "../../../bridge/operations.js";
import type { ClientConfig, Environment, Failure, Finding } from "../../../bridge/protocol.js";
import { MAX_KEY_BYTES } from "../../../arguments/keys.js";
import { version } from "../../../build-stamp.js";
import { fatalCodes } from "../../../errors/code-sets.js";
import { SharedFiles } from "../credentials/shared-files.js";
import { deleteObject } from "../operations/delete-object.js";
import { Answers } from "./answers.js";
import { Findings, ok, unknown } from "./findings.js";
import type { Judgement } from "./findings.js";
import { Redaction } from "./redaction.js";
import { extras, isGone, list, read, remove, write } from "./service-checks.js";
import type { Check, TrialState } from "./service-checks.js";
import { checkConfiguration, checkDirectory, checkFirstRequest } from "./settings-checks.js";
import { Steps } from "./steps.js";
import type { Ended, Run } from "./steps.js";

/**
 * Finds out, one check after the other, where a map's settings come from and what they permit. It never rejects. With
 * `readOnly`, 1 LIST and 1 GET; otherwise about 25 requests, which write to `trialKey` and to no other key.
 */
export async function diagnose(
  run: Run,
  settings: ClientConfig,
  environment: Environment,
  { prefix, trialKey, readOnly }: Call<"diagnose">,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Finding[]> {
  const { local } = settings;
  const files = new SharedFiles(environment);
  const redaction = new Redaction(settings, environment, files);
  const answers = new Answers();
  const steps = new Steps(run, timeoutMs, signal);
  const findings = new Findings();
  const context = { settings, environment, files, redaction, answers, steps, findings };

  if (local !== undefined) checkDirectory(local, readOnly, findings);
  const region = local === undefined ? await checkConfiguration(context) : undefined;
  const checks = new ServiceChecks(prefix, trialKey, answers, steps, findings);
  const listed = findings.over === undefined ? await checks.list() : undefined;
  if (region !== undefined) await checkFirstRequest(context, region);
  if (listed !== undefined) checks.judgeList(listed);

  if (Buffer.byteLength(trialKey) > MAX_KEY_BYTES)
    findings.over ??= "the prefix leaves no room for the key that the diagnosis would write";
  if (readOnly) await checks.readOnly();
  else await checks.everything();
  findings.set("round trip", roundTripOf(answers));
  findings.set("versions", ok(versions(local !== undefined)));
  return findings.all().map((finding) => redaction.apply(finding));
}

/** Runs the checks of the service, until one of them shows that the others must fail as well. */
class ServiceChecks {
  readonly #steps: Steps;
  readonly #findings: Findings;
  readonly #state: TrialState;
  /** A write to the key that got no response may be applied after the diagnosis. */
  #mayStillCome = false;

  constructor(prefix: string, key: string, answers: Answers, steps: Steps, findings: Findings) {
    this.#steps = steps;
    this.#findings = findings;
    const learnt = { mayList: false, mayRead: false, keepsPutConditions: false, givesChecksums: false };
    this.#state = { prefix, key, answers, ...learnt, isThere: false, mayBeThere: false };
  }

  list(): Promise<Ended<Judgement>> {
    return this.#steps.take((target, task) => list.judge(this.#state, target, task));
  }

  /** Marks the line that the failure of the first request is about. */
  judgeList(ended: Ended<Judgement>): void {
    this.#state.mayList = "value" in ended;
    const blamed = "failure" in ended ? lineOf(ended.failure) : list.name;
    if ("failure" in ended && blamed !== list.name) {
      this.#findings.fail(blamed, ended.failure);
      this.#findings.over = `${blamed} failed`;
    } else this.#findings.set(list.name, judgementOf(list, ended));
  }

  async readOnly(): Promise<void> {
    await this.#check(read);
    this.#findings.over ??= "read only";
  }

  async everything(): Promise<void> {
    const isWritten = await this.#check(write);
    await this.#check(read);
    const isDeleted = await this.#check(remove);
    if (!isWritten) this.#findings.over ??= "write failed";
    if (!isDeleted) this.#findings.over ??= "the key that the diagnosis writes would stay";
    for (const check of extras) await this.#check(check);
    if (this.#state.mayBeThere) await this.#clear();
  }

  /** @returns whether the check found no problem */
  async #check(check: Check): Promise<boolean> {
    const findings = this.#findings;
    if (this.#steps.areOver) findings.over ??= "there was no time left";
    if (findings.over !== undefined) return false;
    const ended = await this.#steps.take((target, task) => check.judge(this.#state, target, task));
    if ("failure" in ended) {
      const { failure, isUnsure, wasShort } = ended;
      const isFatal =
        fatalCodes.has(failure.code) || failure.code === "TimedOut" || failure.code === "NetworkError";
      this.#state.mayBeThere ||= isUnsure;
      this.#mayStillCome ||= isUnsure && isFatal;
      if (isFatal) findings.over = wasShort ? "there was no time left" : `${check.name} failed`;
    }
    const judgement = judgementOf(check, ended);
    findings.set(check.name, judgement);
    return judgement.status === "ok";
  }

  /** Deletes the key, in the time that is reserved for it. */
  async #clear(): Promise<void> {
    const ended = await this.#steps.clear(async (target, task) => {
      await deleteObject(target, this.#state.key, task);
      return isGone(this.#state, target, task);
    });
    const key = JSON.stringify(this.#state.key);
    const written = `the key ${key}, which the diagnosis wrote,`;
    let left: Judgement;
    if ("failure" in ended) {
      const { failure } = ended;
      left = { status: "failed", text: `${written} may still be there`, failure, todo: "Delete it." };
    } else if (!ended.value) {
      const todo = "Delete it, if the service lets you.";
      left = { status: "failed", text: `${written} is still there`, todo };
    } else if (this.#mayStillCome)
      left = unknown(
        `the key ${key} was deleted, but a write to it that got no response may still be applied`,
      );
    else return;
    this.#findings.set("left over", left);
  }
}

function judgementOf(check: Check, ended: Ended<Judgement>): Judgement {
  if ("value" in ended) return ended.value;
  const { failure, wasShort } = ended;
  if (wasShort) return unknown(`not known: ${failure.reason}, and there was no time left`);
  const { code, reason = "" } = failure;
  const isLack = isLacking(failure);
  const judgement: Judgement = { status: isLack && check.isNeeded === undefined ? "limited" : "failed" };
  // The rest of the reason says what to do about it, but the line has its own todo.
  if (code === "ConditionsUnsupported") judgement.text = reason.split(/[,;]/, 1)[0]!;
  else judgement.failure = failure;
  if (isLack && check.todo !== undefined) judgement.todo = check.todo;
  else if (code === "AccessDenied" && check.permission !== undefined)
    judgement.todo = `Allow ${check.permission} under the prefix, or use credentials that have it.`;
  return judgement;
}

/** Whether a service reports that it does not support the request. */
function isLacking({ code, statusCode }: Failure): boolean {
  if (code === "ConditionsUnsupported" || statusCode === 501 || statusCode === 405) return true;
  return statusCode === 400 && !fatalCodes.has(code);
}

/** The line that the failure of the first request is about. */
function lineOf({ code, statusCode }: Failure): string {
  if (code.startsWith("LocalS3")) return "directory";
  if (code === "NoSuchBucket" || code === "InvalidBucketName") return "bucket";
  if (code === "RequestTimeTooSkewed") return "clock";
  if (/Redirect$|^AuthorizationHeaderMalformed$|^IllegalLocation/.test(code)) return "region";
  if (code === "BadConfiguration" || code === "SdkUnavailable") return "endpoint";
  if (fatalCodes.has(code)) return "credentials";
  const isAnswer = statusCode !== undefined && statusCode < 500 && !/^HTTP\d|^BadAnswer$/.test(code);
  return isAnswer || code === "BadListing" ? "list" : "endpoint";
}

function roundTripOf({ count, quickestMs }: Answers): Judgement {
  if (count === 0) return unknown("no response");
  const of = count === 1 ? "the only response" : `the fastest of ${count} responses`;
  return ok(`${quickestMs.toFixed(1)} ms, ${of}`);
}

function versions(isLocal: boolean): string {
  const { bun, deno, node } = process.versions;
  const runtime = bun !== undefined ? `Bun ${bun}` : deno !== undefined ? `Deno ${deno}` : `Node.js ${node}`;
  const packages = ["@aws-sdk/client-s3", ...(isLocal ? ["lmdb"] : [])];
  const parts = [`s3bucketmap ${version}`, runtime, `${process.platform} ${process.arch}`];
  return [...parts, ...packages.map((name) => `${name} ${versionOf(name)}`)].join(", ");
}

// Not all packages export their package.json. Both have their entry in a folder below that file's folder.
function versionOf(name: string): string {
  try {
    const file = path.join(require.resolve(name), "../../package.json");
    return (JSON.parse(fs.readFileSync(file, "utf8")) as { version: string }).version;
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === "MODULE_NOT_FOUND";
    return isMissing ? "(not installed)" : "(unknown version)";
  }
}
