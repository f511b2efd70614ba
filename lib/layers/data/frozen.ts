import { argumentError } from "../../errors/errors.js";

/** @param advice - how to make a changed value, where it is not an object */
export function refuse(what: string, advice?: string): never {
  throw argumentError(
    `${what}: a value that was read is a copy, and changing it would not reach S3. ` +
      (advice === undefined
        ? 'Store a changed one: asMap(bucket).update("user", (user) => ({ ...user, name: "x" })), or bucket.user = { ...bucket.user, name: "x" }.'
        : `Store a changed copy, made as in ${advice}.`),
  );
}

const at = (key: string | symbol): string => (typeof key === "string" ? JSON.stringify(key) : String(key));

// Freezing alone throws V8's own words, and in code that is not strict, as at the prompt, not even those.
export const frozenGuard: ProxyHandler<object> = {
  set: (_target, key) => refuse(`Cannot set ${at(key)} of a frozen value`),
  defineProperty: (_target, key) => refuse(`Cannot define ${at(key)} of a frozen value`),
  deleteProperty: (_target, key) => refuse(`Cannot delete ${at(key)} of a frozen value`),
  setPrototypeOf: () => refuse("Cannot change the prototype of a frozen value"),
};

/**
 * Freezes what JSON.parse made, and all in it. A write to any of it throws, in strict code or not, and the
 * error says how to change what is stored.
 */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== "object" || value === null) return value;
  const found: Place[] = [];
  const open: object[] = [value];
  // Not by recursion: what others stored may be nested as deep as they like.
  for (let parent = open.pop(); parent !== undefined; parent = open.pop()) {
    for (const key of Object.keys(parent)) {
      const child = (parent as Record<string, unknown>)[key];
      if (typeof child !== "object" || child === null) continue;
      found.push({ parent: parent as Record<string, unknown>, key, child });
      open.push(child);
    }
  }
  // The innermost first: a frozen object cannot be given the guarded ones that it holds.
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

function guarded<T extends object>(value: T): T {
  return new Proxy(Object.freeze(value), frozenGuard) as T;
}
