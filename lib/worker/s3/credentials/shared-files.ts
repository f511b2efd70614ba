import { sharedFiles } from "../../../arguments/environment.js";
import type { Environment } from "../../../bridge/protocol.js";

// https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html

interface Line {
  /** Counted from 1. */
  readonly number: number;
  /** The line without comment and surrounding white space. */
  readonly text: string;
  readonly isIndented: boolean;
  /** The text between the brackets, for a line that begins a section. */
  readonly title: string | undefined;
}

function linesOf(file: string): Line[] {
  return file.split(/\r?\n/).map((line, at) => {
    const text = line.split(/(?:^|\s)[;#]/, 1)[0]!.trim();
    return { number: at + 1, text, isIndented: /^\s/.test(line), title: /^\[(.*)\]$/.exec(text)?.[1] };
  });
}

/** The words between the brackets of a section's title, without quotes. */
function wordsOf(title: string): string[] {
  return title.replace(/["']/g, "").trim().split(/\s+/);
}

/** A setting in one of the shared configuration files. */
export interface Written {
  value: string;
  /** File and line, for messages. */
  where: string;
}

/** Finds the lines of the shared configuration files that settings come from. */
export class SharedFiles {
  readonly paths: { config: string; credentials: string };
  readonly #environment: Environment;

  constructor(environment: Environment) {
    this.#environment = environment;
    this.paths = sharedFiles(environment.variables);
  }

  /** A setting of a profile. If both files have it, the SDK uses the credentials file. */
  ofProfile(profile: string, setting: string): Written | undefined {
    const titles = profile === "default" ? ["default", "profile default"] : [`profile ${profile}`];
    return this.#find("credentials", [profile], setting) ?? this.#find("config", titles, setting);
  }

  /** A setting of one service in a `services` section, indented below the service's name. */
  ofService(services: string, service: string, setting: string): Written | undefined {
    return this.#find("config", [`services ${services}`], setting, service);
  }

  /** The names of all profiles, each once. */
  profiles(): string[] {
    const titles = (["config", "credentials"] as const).flatMap((file) =>
      linesOf(this.#environment[file]).flatMap(({ title }) => {
        if (title === undefined) return [];
        const [kind = "", name] = wordsOf(title);
        if (file === "credentials" || kind === "default") return [kind];
        return kind === "profile" && name !== undefined ? [name] : [];
      }),
    );
    return [...new Set(titles)];
  }

  /** All secrets in the files. */
  secrets(): string[] {
    const lines = `${this.#environment.config}\n${this.#environment.credentials}`.split(/\r?\n/);
    const secret =
      /^\s*(?:aws_secret_access_key|aws_session_token|credential_process|\w*token)\s*=\s*(\S.*)$/;
    return lines.flatMap((line) => secret.exec(line)?.[1]?.trim() ?? []);
  }

  // If a setting occurs twice, the last one counts.
  #find(
    file: "config" | "credentials",
    titles: readonly string[],
    setting: string,
    within?: string,
  ): Written | undefined {
    const wanted = new RegExp(`^${setting}\\s*=(.*)$`);
    let found: Written | undefined;
    let isIn = false;
    let above: string | undefined;
    for (const { number, text, isIndented, title } of linesOf(this.#environment[file])) {
      if (title !== undefined) isIn = titles.includes(wordsOf(title).join(" "));
      const name = /^(\S+)\s*=$/.exec(text)?.[1];
      if (name !== undefined) above = name;
      else if (text !== "" && !isIndented) above = undefined;
      const value = wanted.exec(text)?.[1]?.trim();
      if (isIn && above === within && value !== undefined)
        found = { value, where: `${this.paths[file]}, line ${number}` };
    }
    return found;
  }
}

/** A profile that has no settings but these. */
export interface PlainProfile {
  region?: string;
  endpoint_url?: string;
  aws_access_key_id?: string;
  aws_secret_access_key?: string;
  aws_session_token?: string;
  /** The profile describes how to obtain credentials, instead of containing them. */
  hasProvider?: true;
}

const understood = new Set([
  ...["region", "endpoint_url", "aws_access_key_id", "aws_secret_access_key", "aws_session_token"],
]);
/** Settings that concern only credentials. */
const providing =
  /^(?:sso_\w+|role_arn|source_profile|credential_source|credential_process|external_id|mfa_serial|role_session_name|duration_seconds|web_identity_token_file|login_session|ec2_metadata_\w+)$/;
/** Settings of the command line, which no SDK reads. `ca_bundle` concerns connections (client.ts). */
const ignored = new Set(["output", "cli_pager", "cli_auto_prompt", "cli_history", "ca_bundle"]);

/**
 * Reads a profile without the SDK.
 *
 * @returns undefined for a profile with any other setting, or in any other notation. The SDK supports more of them
 */
export function readPlainProfile(
  name: string,
  config: string,
  credentials: string,
): PlainProfile | undefined {
  if (!/^[\w-]+$/.test(name) || name === "__proto__") return undefined;
  const profile: PlainProfile = {};
  const isPlain =
    takeSection(config, name === "default" ? name : `profile ${name}`, name, profile) &&
    takeSection(credentials, name, name, profile);
  return isPlain ? profile : undefined;
}

/** @returns whether the section is plain */
function takeSection(file: string, section: string, name: string, profile: PlainProfile): boolean {
  let isIn = false;
  let wasIn = false;
  for (const { text, isIndented, title } of linesOf(file)) {
    if (title !== undefined) {
      isIn = title === section;
      if (isIn && wasIn) return false;
      wasIn ||= isIn;
      // This section may be the same profile in another notation.
      if (!isIn && title.replace(/^\s*profile\s/, "").replace(/["'\s]/g, "") === name) return false;
    } else if (isIn && text !== "") {
      const [, key, value] = /^([a-z_]+)\s*=\s*(\S.*)$/.exec(text) ?? [];
      if (key === undefined || isIndented) return false;
      if (ignored.has(key)) continue;
      if (providing.test(key)) profile.hasProvider = true;
      else if (understood.has(key) && !(key in profile) && /^[\w+/=.:@-]+$/.test(value!))
        profile[key as keyof Omit<PlainProfile, "hasProvider">] = value!;
      else return false;
    }
  }
  return true;
}
