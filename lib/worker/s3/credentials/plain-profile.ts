/** What a profile of the shared configuration files says, where it says nothing else. */
export interface PlainProfile {
  region?: string;
  endpoint_url?: string;
  aws_access_key_id?: string;
  aws_secret_access_key?: string;
  aws_session_token?: string;
  /** Whether it says how credentials are got, other than by writing them down. */
  hasProvider?: true;
}

const understood = new Set([
  ...["region", "endpoint_url", "aws_access_key_id", "aws_secret_access_key", "aws_session_token"],
]);
/** Those that are about credentials only. */
const providing =
  /^(?:sso_\w+|role_arn|source_profile|credential_source|credential_process|external_id|mfa_serial|role_session_name|duration_seconds|web_identity_token_file|login_session|ec2_metadata_\w+)$/;
/** Those of the command line, which no SDK looks at. A bundle is the connections' matter (client.ts). */
const ignored = new Set(["output", "cli_pager", "cli_auto_prompt", "cli_history", "ca_bundle"]);

/**
 * Reads a profile without the SDK, from the texts of the shared configuration files.
 *
 * @returns undefined where a profile, or how it is written, is not of the plainest kind: the SDK knows more
 * @see https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html
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

/** @returns whether it is plain */
function takeSection(text: string, section: string, name: string, profile: PlainProfile): boolean {
  let isIn = false;
  let wasIn = false;
  for (const line of text.split(/\r?\n/)) {
    const said = line.split(/(?:^|\s)[;#]/, 1)[0]!.trim();
    if (said.startsWith("[") && said.endsWith("]")) {
      const title = said.slice(1, -1);
      isIn = title === section;
      if (isIn && wasIn) return false;
      wasIn ||= isIn;
      // The same profile, it may be, in other words.
      if (!isIn && title.replace(/^\s*profile\s/, "").replace(/["'\s]/g, "") === name) return false;
    } else if (isIn && said !== "") {
      const [, key, value] = /^([a-z_]+)\s*=\s*(\S.*)$/.exec(said) ?? [];
      if (key === undefined || /^\s/.test(line)) return false;
      if (ignored.has(key)) continue;
      if (providing.test(key)) profile.hasProvider = true;
      else if (understood.has(key) && !(key in profile) && /^[\w+/=.:@-]+$/.test(value!))
        profile[key as keyof Omit<PlainProfile, "hasProvider">] = value!;
      else return false;
    }
  }
  return true;
}
