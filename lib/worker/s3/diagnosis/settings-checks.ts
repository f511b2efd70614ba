import fs from "node:fs";
import type { ClientConfig, Environment } from "../../../bridge/protocol.js";
import type { SharedFiles } from "../credentials/shared-files.js";
import type { Answers } from "./answers.js";
import { limited, ok, unknown } from "./findings.js";
import type { Findings, Judgement } from "./findings.js";
import { hostOf, Origins, plainUrl } from "./origins.js";
import { shownId } from "./redaction.js";
import type { Redaction } from "./redaction.js";
import type { Steps } from "./steps.js";

/** S3 rejects requests whose time is wrong by more than 15 minutes. The report mentions the clock well before that. */
const MAX_SKEW_MS = 60_000;

/** The input of the checks of settings. */
export interface Context {
  readonly settings: ClientConfig;
  readonly environment: Environment;
  readonly files: SharedFiles;
  readonly redaction: Redaction;
  readonly answers: Answers;
  readonly steps: Steps;
  readonly findings: Findings;
}

/**
 * Checks the settings that the SDK needs before it can send anything: the region and the credentials.
 *
 * @returns the region, unless the configuration has failed
 */
export async function checkConfiguration(context: Context): Promise<string | undefined> {
  const { findings, steps } = context;
  const region = await steps.take((target) => target.client.region());
  if ("failure" in region) {
    findings.fail("configuration", region.failure);
    findings.over = "configuration failed";
    return undefined;
  }
  await checkCredentials(context);
  return region.value;
}

async function checkCredentials(context: Context): Promise<void> {
  const { settings, findings, redaction, steps } = context;
  if (settings.anonymous === true) {
    findings.set("credentials", ok("none: requests are not signed (option anonymous)"));
    return;
  }
  const origins = new Origins(context);
  const found = await steps.take((target) => target.client.identity());
  if ("failure" in found) {
    const { failure } = found;
    findings.set("credentials", { status: "failed", ...origins.soughtCredentials(), failure });
    findings.over = "there are no credentials";
    return;
  }
  const identity = found.value;
  redaction.add(identity);
  const until = identity.expiration === undefined ? "" : `, until ${identity.expiration.toISOString()}`;
  const text = `${shownId(identity.accessKeyId)} (${origins.credentials(identity)})${until}`;
  findings.set("credentials", ok(text));
}

/** Checks where the first request was sent, and compares this machine's clock with the response. */
export async function checkFirstRequest(context: Context, region: string): Promise<void> {
  const { answers, findings } = context;
  const origins = new Origins(context);
  const { url, from } = origins.endpoint(answers);
  const host = hostOf(answers) ?? plainUrl(url) ?? `AWS, ${region}`;
  findings.set("endpoint", { status: answers.count > 0 ? "ok" : "unknown", text: `${host} (${from})` });
  findings.set("region", await regionOf(context, region, origins));
  const addressing = origins.addressing(answers);
  findings.set("addressing", addressing === undefined ? unknown("no request could be sent") : ok(addressing));
  findings.set("clock", clockOf(answers));
}

async function regionOf({ steps }: Context, asked: string, origins: Origins): Promise<Judgement> {
  const text = `${asked} (${origins.region(asked)})`;
  // The response to the first request may have named another region.
  const now = await steps.take((target) => target.client.region());
  if ("failure" in now || now.value === asked) return ok(text);
  return limited(
    `${text}; the bucket is in ${now.value}, so requests are sent there`,
    `Set the region ${now.value}. This saves each program a request.`,
  );
}

function clockOf({ aheadMs }: Answers): Judgement {
  if (aheadMs === undefined) return unknown("no response contained the time");
  const seconds = Math.round(Math.abs(aheadMs) / 1000);
  if (seconds <= 1) return ok("agrees with the service's");
  const text = `${seconds} s ${aheadMs > 0 ? "ahead of" : "behind"} the service's`;
  if (Math.abs(aheadMs) < MAX_SKEW_MS) return ok(text);
  return limited(
    text,
    "Set the clock of this machine. S3 rejects requests whose time is wrong by more than 15 minutes.",
  );
}

/** Checks where the local S3 is. With `readOnly`, nothing is sent if the first request would create a store. */
export function checkDirectory(directory: string, readOnly: boolean, findings: Findings): void {
  if (!readOnly || hasStore(directory)) findings.set("directory", ok(directory));
  else {
    findings.set("directory", ok(`${directory}: there is no store yet, and the first call creates one`));
    findings.over = "there is nothing to read";
  }
}

// If the directory cannot be read, the first request says why.
function hasStore(directory: string): boolean {
  try {
    return fs.readdirSync(directory).length > 0;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ENOENT";
  }
}
