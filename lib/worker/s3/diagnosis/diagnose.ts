import type { ClientConfig, Environment, Finding } from "../../../bridge/protocol.js";
import { MAX_KEY_BYTES } from "../../../arguments/keys.js";
import { Answers } from "./answers.js";
import { Checks, permissionFor } from "./checks.js";
import { lineOf, listOne } from "./contact.js";
import { localSettings } from "./local.js";
import { NoSecrets } from "./no-secrets.js";
import { remoteSettings } from "./remote.js";
import { SharedFiles } from "../credentials/shared-files.js";
import { Steps } from "./steps.js";
import type { Ended, Run } from "./steps.js";
import { versions } from "./versions.js";

/** What is to be diagnosed, and how. */
export interface Asked {
  prefix: string;
  trialKey: string;
  readOnly: boolean;
}

/**
 * Finds out, one thing after the other, where a map's settings come from and what may be done by them. It never rejects.
 * Read-only 1 LIST and 1 GET; otherwise about 25 requests, which write to `trialKey` and to no other key.
 */
export async function diagnose(
  run: Run,
  settings: ClientConfig,
  environment: Environment,
  { prefix, trialKey, readOnly }: Asked,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Finding[]> {
  const { local } = settings;
  const files = new SharedFiles(environment);
  const secrets = new NoSecrets(settings, environment, files);
  const answers = new Answers();
  const steps = new Steps(run, timeoutMs, signal);
  const given =
    local === undefined
      ? await remoteSettings({ settings, environment, files, secrets, answers, steps })
      : localSettings(local, readOnly);

  let listed: Ended<boolean> | undefined;
  if (given.isOver === undefined)
    listed = await steps.take((target, during) => listOne(target, prefix, answers, during));
  const failure = listed !== undefined && "failure" in listed ? listed.failure : undefined;
  const blamed = failure && lineOf(failure);
  const isOver =
    given.isOver ?? (blamed === undefined || blamed === "list" ? undefined : `${blamed} has failed`);
  const lines = [...(await given.lines()), listLine(listed, isOver)];
  if (failure !== undefined && isOver !== undefined)
    blame(lines, { name: blamed!, status: "failed", failure });

  const checks = new Checks(trialKey, failure === undefined, steps, answers);
  const hasRoom = Buffer.byteLength(trialKey) <= MAX_KEY_BYTES;
  if (isOver !== undefined) lines.push(...checks.none(isOver));
  else if (!hasRoom) lines.push(...checks.none("the prefix leaves no room for a key of the library's own"));
  else lines.push(...(await (readOnly ? checks.readOnly() : checks.everything())));
  return [...lines, roundTrip(answers), versions(local !== undefined)].map((one) => secrets.in(one));
}

// Of its text, where there is one, the beginning stays: it says which one has failed.
function blame(lines: Finding[], failed: Finding): void {
  const at = lines.findIndex(({ name }) => name === failed.name);
  if (at === -1) lines.unshift(failed);
  else lines[at] = { ...lines[at], ...failed };
}

function listLine(listed: Ended<boolean> | undefined, isOver: string | undefined): Finding {
  const name = "list";
  if (listed === undefined || isOver !== undefined)
    return { name, status: "unknown", text: `not tried: ${isOver}` };
  if ("failure" in listed) {
    const { failure } = listed;
    return { name, status: "failed", failure, ...permissionFor(name, failure) };
  }
  return { name, status: "ok", text: `allowed; ${listed.value ? "there are keys" : "there is no key yet"}` };
}

function roundTrip({ count, quickestMs }: Answers): Finding {
  if (count === 0) return { name: "round trip", status: "unknown", text: "no answer" };
  const of = count === 1 ? "of the only answer" : `the quickest of ${count} answers`;
  return { name: "round trip", status: "ok", text: `${quickestMs.toFixed(1)} ms, ${of}` };
}
