import { leadsToFacade } from "../global/facades.js";
import { argumentError } from "../errors/errors.js";
import { didYouMean } from "../text/spelling.js";
import { kindOf } from "./kinds.js";

// Each throws a TypeError that says what is wrong. `of` is what the options belong to: "cache", "set". `name` is an
// option's, as in "The option name …".

export function checkAreOptions(options: unknown, of?: string): asserts options is object {
  if (typeof options === "object" && options !== null && !Array.isArray(options) && !leadsToFacade(options))
    return;
  throw argumentError(`The options${ofWhat(of)} must be an object, not ${kindOf(options)}.`);
}

export function checkOptions(
  options: unknown,
  names: readonly string[],
  of?: string,
): asserts options is object {
  checkAreOptions(options, of);
  for (const name of Object.keys(options)) {
    if (names.includes(name)) continue;
    const layer = Object.hasOwn(layerFor, name) ? layerFor[name] : undefined;
    const otherwise = layer === undefined ? "" : ` Use the layer ${layer}, of s3bucketmap/layers.`;
    const end = didYouMean(name, names, `.${otherwise} The options are: ${names.join(", ")}.`);
    throw argumentError(`There is no option "${name}"${ofWhat(of)}${end}`);
  }
}

/** Names that users try as options, and the layer that does what they want. */
const layerFor: Readonly<Record<string, string>> = {
  cache: "cache",
  compress: "gzip",
  encrypt: "encrypt",
  expires: "expire",
  json: "json",
  readOnly: "readonly",
  readonly: "readonly",
  schema: "validate",
  ttl: "expire",
};

export function checkText(value: unknown, name: string): asserts value is string {
  if (typeof value === "string" && value !== "" && value.isWellFormed()) return;
  if (value === "") throw argumentError(`The option ${name} must not be empty.`);
  if (typeof value === "string")
    throw argumentError(`The option ${name} has a lone surrogate, which UTF-8 cannot encode.`);
  throw argumentError(`The option ${name} must be a string, not ${kindOf(value)}.`);
}

export function checkFlag(value: unknown, name: string): asserts value is boolean {
  if (typeof value === "boolean") return;
  throw argumentError(`The option ${name} must be true or false, not ${kindOf(value)}.`);
}

export function checkOneOf(value: unknown, name: string, choices: readonly string[], advice = ""): void {
  if (typeof value === "string" && choices.includes(value)) return;
  const given = typeof value === "string" ? `"${value}"` : kindOf(value);
  const all = choices.map((choice) => `"${choice}"`).join(" or ");
  throw argumentError(`The option ${name} must be ${all}, not ${given}.${advice}`);
}

/** If the maximum is Infinity, the value may be Infinity, too. */
export function checkWhole(value: unknown, name: string, min: number, max = Infinity): void {
  const isWhole = Number.isInteger(value) || value === Infinity;
  if (isWhole && (value as number) >= min && (value as number) <= max) return;
  const range = max === Infinity ? `of at least ${min}` : `from ${min} to ${max}`;
  throw argumentError(`The option ${name} must be a whole number ${range}, not ${kindOf(value)}.`);
}

function ofWhat(of: string | undefined): string {
  return of === undefined ? "" : ` of ${of}`;
}
