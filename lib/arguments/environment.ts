import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import type { Caller } from "../bridge/begun.js";
import type { Environment } from "../bridge/protocol.js";

/** Whether the SDK reads this variable, or the variable names a proxy. */
export const isRead = (name: string): boolean =>
  /^(AWS_|HOME$|USERPROFILE$|HOMEPATH$|HOMEDRIVE$|ECS_|NODE_DEBUG$|(HTTPS?|NO)_PROXY$|(https?|no)_proxy$)/.test(
    name,
  );

/** Variables that name a file or directory. They are made absolute, because the working directory may change. */
const paths = [
  "HOME",
  "USERPROFILE",
  "AWS_CA_BUNDLE",
  "AWS_CONFIG_FILE",
  "AWS_SHARED_CREDENTIALS_FILE",
  "AWS_WEB_IDENTITY_TOKEN_FILE",
  "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
  "AWS_LOGIN_CACHE_DIRECTORY",
];

let last: { text: string; environment: Environment } | undefined;

/**
 * The part of the environment that says how to reach S3, copied at a map's first request. All requests of the map use
 * this copy, even if the environment changes or the worker is replaced.
 */
export function environmentOf(env: NodeJS.ProcessEnv): Environment {
  const variables: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    // On Windows, the case of names does not matter.
    const known = process.platform === "win32" ? name.toUpperCase() : name;
    if (value !== undefined && isRead(known)) variables[known] = value;
  }
  for (const name of paths) {
    const value = variables[name];
    if (value !== undefined && value !== "" && !value.startsWith("~/")) variables[name] = absolute(value);
  }
  // Otherwise the SDK would ask the system later, when the result may be different.
  const systemHome = homeOfSystem();
  variables["AWS_LOGIN_CACHE_DIRECTORY"] ??= path.join(systemHome, ".aws", "login", "cache");
  if (homeOf(variables) === "") variables["HOME"] = systemHome;
  const environment: Environment = { variables, ...sharedTexts(variables) };
  // Maps with equal environments share one object.
  const text = JSON.stringify(environment);
  if (last?.text !== text) last = { text, environment };
  return last.environment;
}

/** The paths of the shared configuration files. */
export function sharedFiles(variables: Readonly<Record<string, string>>): {
  config: string;
  credentials: string;
} {
  const home = homeOf(variables);
  const file = (variable: string, name: string): string => {
    const wanted = variables[variable] || path.join(home, ".aws", name);
    return wanted.startsWith("~/") ? path.join(home, wanted.slice(2)) : wanted;
  };
  return {
    config: file("AWS_CONFIG_FILE", "config"),
    credentials: file("AWS_SHARED_CREDENTIALS_FILE", "credentials"),
  };
}

/** The contents of these files. */
export function sharedTexts(
  variables: Readonly<Record<string, string>>,
): Pick<Environment, "config" | "credentials"> {
  const files = sharedFiles(variables);
  return { config: textOf(files.config), credentials: textOf(files.credentials) };
}

/** For the local S3, which depends only on its directory. */
export const noEnvironment: Environment = { variables: {}, config: "", credentials: "" };

/** The environment that a map keeps: that of its first request, or of this call if it is the first. */
export function firstEnvironment(caller: Caller): Environment {
  const owner = caller.account ?? caller;
  const isLocal = owner.settings.client.local !== undefined;
  return (owner.environment ??= isLocal ? noEnvironment : environmentOf(process.env));
}

function homeOf(variables: Readonly<Record<string, string>>): string {
  const { HOME, USERPROFILE, HOMEPATH, HOMEDRIVE = `C:${path.sep}` } = variables;
  return HOME || USERPROFILE || (HOMEPATH ? `${HOMEDRIVE}${HOMEPATH}` : "");
}

function homeOfSystem(): string {
  try {
    return os.homedir();
  } catch {
    return path.sep; // The user has no home directory.
  }
}

function absolute(file: string): string {
  try {
    return path.resolve(file);
  } catch {
    return file; // The working directory was removed.
  }
}

// The SDK also treats a file that it cannot read as empty.
function textOf(file: string): string {
  try {
    return fs.readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
