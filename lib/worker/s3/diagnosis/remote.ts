import type { ClientConfig, Environment, Finding } from "../../../bridge/protocol.js";
import type { Identity } from "../credentials/identity.js";
import type { Answers } from "./answers.js";
import { originOf, soughtIn } from "./credentials-origin.js";
import { shownId } from "./no-secrets.js";
import type { NoSecrets } from "./no-secrets.js";
import { hostOf, Origins, plainUrl } from "./origins.js";
import type { SharedFiles } from "../credentials/shared-files.js";
import type { Steps } from "./steps.js";

/** From here on S3 may refuse requests by their time. */
const MAX_SKEW_MS = 60_000;

/** What there is to go by. */
export interface Context {
  readonly settings: ClientConfig;
  readonly environment: Environment;
  readonly files: SharedFiles;
  readonly secrets: NoSecrets;
  readonly answers: Answers;
  readonly steps: Steps;
}

/** What is known of a map's settings. */
export interface Given {
  /** Why nothing can be asked. */
  isOver?: string;
  /** The settings, when the first request has been made, or cannot be. */
  lines(): Promise<Finding[]>;
}

/** Where endpoint, region, addressing and credentials come from, and how far the clock is off. */
export async function remoteSettings(context: Context): Promise<Given> {
  const { settings, environment, files, secrets, answers, steps } = context;
  const origins = new Origins(settings, environment, files);
  const asked = await steps.take((target) => target.client.region());
  if ("failure" in asked) {
    const line: Finding = { name: "configuration", status: "failed", failure: asked.failure };
    return { isOver: "the configuration has failed", lines: () => Promise.resolve([line]) };
  }
  const region = asked.value;
  const credentials = await credentialsLine(context, origins, secrets);
  const lines = async (): Promise<Finding[]> => {
    const { url, from } = origins.endpoint(answers);
    const host = hostOf(answers) ?? plainUrl(url) ?? `AWS, ${region}`;
    const addressing = origins.addressing(answers);
    return [
      { name: "endpoint", status: answers.count > 0 ? "ok" : "unknown", text: `${host} (${from})` },
      await regionLine(context, region, origins),
      addressing === undefined
        ? { name: "addressing", status: "unknown", text: "nothing could be sent" }
        : { name: "addressing", status: "ok", text: addressing },
      credentials,
      clockLine(answers),
    ];
  };
  return credentials.status === "failed" ? { isOver: "there are no credentials", lines } : { lines };
}

async function regionLine({ steps }: Context, asked: string, origins: Origins): Promise<Finding> {
  const text = `${asked} (${origins.region(asked)})`;
  // It was learnt from the answer to the first request.
  const now = await steps.take((target) => target.client.region());
  if ("failure" in now || now.value === asked) return { name: "region", status: "ok", text };
  return {
    name: "region",
    status: "limited",
    text: `${text}; the bucket is in ${now.value}, and is asked there`,
    todo: `Set the region ${now.value}: it saves each program a request.`,
  };
}

async function credentialsLine(
  { settings, environment, files, steps }: Context,
  origins: Origins,
  secrets: NoSecrets,
): Promise<Finding> {
  const name = "credentials";
  if (settings.anonymous === true)
    return { name, status: "ok", text: "none: requests are not signed (option anonymous)" };
  const found = await steps.take((target) => target.client.identity());
  if ("failure" in found) {
    const sought = soughtIn(settings, environment, files, origins);
    return { name, status: "failed", ...sought, failure: found.failure };
  }
  const identity: Identity = found.value;
  secrets.add(identity);
  const from = originOf(identity, settings, environment, files, origins);
  const until = identity.expiration === undefined ? "" : `, until ${identity.expiration.toISOString()}`;
  return { name, status: "ok", text: `${shownId(identity.accessKeyId)} (${from})${until}` };
}

function clockLine({ aheadMs }: Answers): Finding {
  if (aheadMs === undefined) return { name: "clock", status: "unknown", text: "no answer has told the time" };
  const seconds = Math.round(Math.abs(aheadMs) / 1000);
  if (seconds <= 1) return { name: "clock", status: "ok", text: "as the service's" };
  const text = `${seconds} s ${aheadMs > 0 ? "ahead of" : "behind"} the service's`;
  if (Math.abs(aheadMs) < MAX_SKEW_MS) return { name: "clock", status: "ok", text };
  const todo = "Set the clock of this machine: S3 refuses requests that are 15 minutes off.";
  return { name: "clock", status: "limited", text, todo };
}
