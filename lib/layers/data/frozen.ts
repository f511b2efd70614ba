import { argumentError } from "../../errors/errors.js";

/**
 * @param advice - an example of a changed copy. Objects and arrays need none
 * @param change - an example of how to change what is stored
 */
export function refuse(what: string, advice?: string, change = objectChange): never {
  const example = advice === undefined ? "" : ` Or store a changed copy, such as ${advice}.`;
  throw argumentError(
    `${what}: a value that was read is a copy, so a change would not reach S3. ` +
      `Change the stored value, as in ${change}. Or put live around the map, as in live(json(map)), ` +
      `to change values in place. Both functions are in s3bucketmap/layers.${example}`,
  );
}

const objectChange = 'edit(bucket, key, (value) => { value.name = "x"; })';
const arrayChange = 'edit(bucket, key, (value) => { value.tags.push("x"); })';

const refuseChange = (target: object, what: string): never =>
  refuse(`Cannot ${what} a frozen value`, undefined, Array.isArray(target) ? arrayChange : objectChange);

const at = (key: string | symbol): string => (typeof key === "string" ? JSON.stringify(key) : String(key));

// With Object.freeze alone, V8's error would give no advice, and sloppy mode, as in the prompt, would throw no error.
export const frozenGuard: ProxyHandler<object> = {
  set: (target, key) => refuseChange(target, `set ${at(key)} of`),
  defineProperty: (target, key) => refuseChange(target, `define ${at(key)} of`),
  deleteProperty: (target, key) => refuseChange(target, `delete ${at(key)} of`),
  setPrototypeOf: (target) => refuseChange(target, "change the prototype of"),
};

/**
 * Freezes what JSON.parse returned, and everything in it. Changing it throws an error that says how to change the
 * stored value, even in sloppy mode.
 */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== "object" || value === null) return value;
  const found: Place[] = [];
  const open: object[] = [value];
  // No recursion, because a value that another program stored may be nested to any depth.
  for (let parent = open.pop(); parent !== undefined; parent = open.pop()) {
    for (const key of Object.keys(parent)) {
      const child = (parent as Record<string, unknown>)[key];
      if (typeof child !== "object" || child === null) continue;
      found.push({ parent: parent as Record<string, unknown>, key, child });
      open.push(child);
    }
  }
  // Innermost first, because an object must have its children's Proxies before it is frozen.
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

/** Whether {@link deepFreeze} created the value. */
export function isDeepFrozen(value: object): boolean {
  return guards.has(value);
}
