import type { ClientConfig, Environment, Finding } from "../../../bridge/protocol.js";
import type { Credentials } from "../credentials/written-credentials.js";
import type { SharedFiles } from "../credentials/shared-files.js";

/** Shorter secrets are placeholders, for example for a local test service, and would match parts of ordinary words. */
const MIN_SECRET = 6;

/** How many characters of an access key's id are shown. */
const SHOWN = 4;

/** The end of an access key's id, by which its owner recognises it. */
export function shownId(id: string): string {
  return id.length < 2 * SHOWN ? "access key" : `access key …${id.slice(-SHOWN)}`;
}

/** Removes secrets from the messages of services, programs and the SDK, which may repeat them. */
export class Redaction {
  readonly #secrets = new Set<string>();
  readonly #ids = new Set<string>();

  constructor({ credentials }: ClientConfig, { variables }: Environment, files: SharedFiles) {
    if (credentials !== undefined) this.add(credentials);
    for (const [name, value] of Object.entries(variables)) {
      if (/SECRET|TOKEN/.test(name) && !name.endsWith("_FILE")) this.#secrets.add(value);
      if (name === "AWS_ACCESS_KEY_ID") this.#ids.add(value);
      // An endpoint's URL may contain a password.
      if (URL.canParse(value)) this.#secrets.add(new URL(value).password);
    }
    for (const secret of files.secrets()) this.#secrets.add(secret);
  }

  add({ accessKeyId, secretAccessKey, sessionToken }: Credentials): void {
    this.#ids.add(accessKeyId);
    this.#secrets.add(secretAccessKey);
    if (sessionToken !== undefined) this.#secrets.add(sessionToken);
  }

  /** A finding that is safe to print. */
  apply(finding: Finding): Finding {
    if (finding.failure === undefined) return finding;
    // The failure's cause is left out, because it is the SDK's own error.
    const { code, statusCode, reason } = finding.failure;
    const failure = {
      code,
      ...(statusCode === undefined ? {} : { statusCode }),
      ...(reason === undefined ? {} : { reason: this.#redacted(reason) }),
    };
    return { ...finding, failure };
  }

  #redacted(reason: string): string {
    // The program of credential_process may have printed anything.
    let text = reason.replace(/^(Command failed).*$/s, "$1");
    // The longest secrets are replaced first, because one secret may be part of another.
    for (const secret of [...this.#secrets].sort((a, b) => b.length - a.length)) {
      if (secret.length < MIN_SECRET) continue;
      for (const form of new Set([secret, encodeURIComponent(secret)])) text = text.replaceAll(form, "…");
    }
    for (const id of this.#ids) if (id.length >= MIN_SECRET) text = text.replaceAll(id, shownId(id));
    return text;
  }
}
