/** What the SDK reads of a program's environment. */
const read = /^(AWS_|HOME$|USERPROFILE$|HOMEPATH$|HOMEDRIVE$|ECS_|NODE_DEBUG$)/;

/**
 * The part of the environment that says how to reach S3, as it is at a map's first request. It is sent
 * along because the worker's own copy is as old as the worker, and because a test framework gives each
 * test file a copy that no thread shares.
 */
export function environmentOf(env: NodeJS.ProcessEnv): Record<string, string> {
  const part: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined && read.test(name)) part[name] = value;
  }
  return part;
}

/** Makes a worker's environment what the program's was. */
export function adoptEnvironment(env: NodeJS.ProcessEnv, part: Record<string, string>): void {
  for (const name of Object.keys(env)) if (read.test(name) && !(name in part)) delete env[name];
  Object.assign(env, part);
}
