import type { ClientConfig, Environment, Finding } from "../../../bridge/protocol.js";
import type { Identity } from "../credentials/identity.js";
import type { SharedFiles } from "../credentials/shared-files.js";

/** Shorter ones are words that stand for nothing, as in a trial of a service. */
const MIN_SECRET = 6;

/** So much of an access key's id says which one it is, and no more. */
const TOLD = 4;

/** An access key's id without what others need not see. */
export function shownId(id: string): string {
  return id.length < 2 * TOLD ? "access key" : `access key …${id.slice(-TOLD)}`;
}

/** Takes out of what others have said whatever is secret: services, programs and the SDK may repeat it. */
export class NoSecrets {
  readonly #secrets: Set<string> = new Set();
  readonly #ids: Set<string> = new Set();

  constructor({ credentials }: ClientConfig, { variables }: Environment, files: SharedFiles) {
    if (credentials !== undefined) this.add(credentials);
    for (const [name, value] of Object.entries(variables)) {
      if (/SECRET|TOKEN/.test(name) && !name.endsWith("_FILE")) this.#secrets.add(value);
      if (name === "AWS_ACCESS_KEY_ID") this.#ids.add(value);
      // An endpoint may have a password in it.
      if (URL.canParse(value)) this.#secrets.add(new URL(value).password);
    }
    for (const secret of files.secrets()) this.#secrets.add(secret);
  }

  add({ accessKeyId, secretAccessKey, sessionToken }: Identity): void {
    this.#ids.add(accessKeyId);
    this.#secrets.add(secretAccessKey);
    if (sessionToken !== undefined) this.#secrets.add(sessionToken);
  }

  in(finding: Finding): Finding {
    const { failure } = finding;
    if (failure === undefined) return finding;
    // Its cause has the SDK's own error.
    const { code, statusCode, reason } = failure;
    return {
      ...finding,
      failure: {
        code,
        ...(statusCode === undefined ? {} : { statusCode }),
        ...(reason === undefined ? {} : { reason: this.#without(reason) }),
      },
    };
  }

  #without(reason: string): string {
    // What a program of `credential_process` has printed may be anything.
    let text = reason.replace(/^(Command failed).*$/s, "$1");
    const byLength = (a: string, b: string): number => b.length - a.length;
    for (const secret of [...this.#secrets].sort(byLength)) {
      if (secret.length < MIN_SECRET) continue;
      for (const form of new Set([secret, encodeURIComponent(secret)])) text = text.replaceAll(form, "…");
    }
    for (const id of this.#ids) if (id.length >= MIN_SECRET) text = text.replaceAll(id, shownId(id));
    return text;
  }
}
