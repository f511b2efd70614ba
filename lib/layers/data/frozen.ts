import { argumentError } from "../../errors/errors.js";

/** @param advice - an example of how to make a changed copy; left out for an object */
export function refuse(what: string, advice?: string): never {
  const example = advice === undefined ? "" : ` Or store a changed copy, made as in ${advice}.`;
  throw argumentError(
    `${what}: a value that was read is a copy, and changing it would not reach S3. ` +
      'Change what is stored: edit(bucket, "user", (user) => { user.name = "x"; }), or put live around the map, as in ' +
      `live(json(map)), whose values can be changed in place; both are in s3bucketmap/layers.${example}`,
  );
}

const at = (key: string | symbol): string => (typeof key === "string" ? JSON.stringify(key) : String(key));

// Object.freeze alone would throw V8's message, and nothing in sloppy mode, which is the prompt's.
export const frozenGuard: ProxyHandler<object> = {
  set: (_target, key) => refuse(`Cannot set ${at(key)} of a frozen value`),
  defineProperty: (_target, key) => refuse(`Cannot define ${at(key)} of a frozen value`),
  deleteProperty: (_target, key) => refuse(`Cannot delete ${at(key)} of a frozen value`),
  setPrototypeOf: () => refuse("Cannot change the prototype of a frozen value"),
};

/**
 * Freezes what JSON.parse returned, and everything in it. A change throws an error that says how to change what is stored, in
 * sloppy mode as well.
 */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== "object" || value === null) return value;
  const found: Place[] = [];
  const open: object[] = [value];
  // No recursion: a value that others stored may be nested to any depth.
  for (let parent = open.pop(); parent !== undefined; parent = open.pop()) {
    for (const key of Object.keys(parent)) {
      const child = (parent as Record<string, unknown>)[key];
      if (typeof child !== "object" || child === null) continue;
      found.push({ parent: parent as Record<string, unknown>, key, child });
      open.push(child);
    }
  }
  // The innermost first: the Proxies of its children must be put into an object before it is frozen.
  for (let last = found.pop(); last !== undefined; last = found.pop()) {
    last.parent[last.key] = guarded(last.child);
  }
  return guarded(value);
}

interface Place {
  parent: Record<string, unknown>;
  key: string;
  child: object;
}

const guards = new WeakSet<object>();

function guarded<T extends object>(value: T): T {
  const guard = new Proxy(Object.freeze(value), frozenGuard) as T;
  guards.add(guard);
  return guard;
}

/** Whether {@link deepFreeze} has made it. */
export function isDeepFrozen(value: object): boolean {
  return guards.has(value);
}
