import { within } from "../bridge/call-limit.js";
import { mapBehind } from "../facade/bucket-object.js";

const failure =
  /^(?<path>[\p{ID_Start}$_][\p{ID_Continue}$]*(?:\.[\p{ID_Start}$_][\p{ID_Continue}$]*)*?)(?: is not iterable|\.(?<method>[\p{ID_Continue}$]+) is not a function)/u;

const ofArrays: ReadonlySet<string> = new Set([
  ...["forEach", "map", "filter", "find", "some", "every", "reduce", "includes", "sort", "slice", "join"],
]);
const ofObjects: ReadonlySet<string> = new Set(["hasOwnProperty", "propertyIsEnumerable", "isPrototypeOf"]);

/**
 * What to write instead, for a line that took a bucket's object for an array, or for an object with methods. The engine's
 * message alone does not say that every name is a key. Also for a command without its dot.
 *
 * @param valueOf - the value of plain members
 */
export function hintFor(
  thrown: unknown,
  valueOf: (path: string) => unknown,
  commands: object,
): string | undefined {
  // Not `instanceof`: the error may come from another context.
  if (typeof thrown !== "object" || thrown === null) return undefined;
  const { name, message } = thrown as Error;
  if (name === "ReferenceError") {
    const unknown = /^(\w+) is not defined$/.exec(message)?.[1] ?? "";
    return Object.hasOwn(commands, unknown) ? `Did you mean .${unknown}?` : undefined;
  }
  if (name !== "TypeError") return undefined;
  const { path, method } = failure.exec(message)?.groups ?? {};
  if (path === undefined || mapBehind(within(0, () => valueOf(path))) === undefined) return undefined;
  if (method === undefined) return `for (const key in ${path}) …, or Object.entries(${path}).`;
  if (ofObjects.has(method))
    return `Here every name is a key: "key" in ${path}, or Object.hasOwn(${path}, "key").`;
  return ofArrays.has(method)
    ? `Here every name is a key: Object.entries(${path}).${method}(…), or Object.keys.`
    : `Here every name is a key; its map, asMap(${path}), has methods.`;
}
