import { leadsToFacade } from "../../global/facades.js";
import { isPromise, kindOf } from "../../arguments/kinds.js";
import { argumentError } from "../../errors/errors.js";
import { misuse } from "../foundation/unreadable.js";
import { showPath } from "./plain-data.js";

// The types are declared here rather than imported, so that users need no additional package to compile ours.

/**
 * What `validate` needs of a schema. Schemas of zod (3.24 or later), valibot (1 or later), arktype (2 or later) and
 * others have it.
 *
 * @see https://standardschema.dev
 */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    /** Only for type inference. Schemas do not have it at run time. */
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

/** What a schema returns for a value. */
export type SchemaResult<Output> =
  { readonly value: Output; readonly issues?: undefined } | { readonly issues: readonly SchemaIssue[] };

/** One reason why a value does not match a schema. */
export interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** An issue as it is in the `cause` of an error. */
interface Misfit {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** How many issues a message names at most. */
const MAX_SHOWN = 5;

/** How many characters of an issue's message are shown at most. It may quote a whole value. */
const MAX_MESSAGE = 300;

/** The result of a check: the value that the schema returned, or the reasons why the given value does not match. */
export type Checked<Output> = { readonly value: Output } | { readonly misfits: readonly Misfit[] };

/** @throws TypeError if the argument is not a schema */
export function checkSchema(schema: unknown): void {
  const isObject = (typeof schema === "object" && schema !== null) || typeof schema === "function";
  if (isObject && !leadsToFacade(schema)) {
    const standard = (schema as Partial<StandardSchema>)["~standard"] as unknown;
    const { version, validate } = (standard ?? {}) as { version?: unknown; validate?: unknown };
    if (version === 1 && typeof validate === "function") return;
    if (version !== undefined && version !== 1)
      throw argumentError(`validate supports version 1 of Standard Schema, not ${kindOf(version)}.`);
  }
  throw argumentError(
    "validate requires a Standard Schema, such as a schema of zod (3.24 or later), valibot (1 or later) " +
      `or arktype (2 or later), not ${kindOf(schema)}.`,
  );
}

/** @throws TypeError for a schema that validates asynchronously */
export function checkBySchema<Output>(
  schema: StandardSchema<unknown, Output>,
  value: unknown,
): Checked<Output> {
  const result: unknown = schema["~standard"].validate(value);
  if (isPromise(result)) {
    // The error below already reports the problem. An unhandled rejection would end the program.
    void Promise.resolve(result).catch(() => {});
    throw misuse(
      "validate requires a schema that validates synchronously, but this one returned a promise. " +
        "Remove the asynchronous checks from the schema, and run them before you store the value.",
    );
  }
  if (typeof result !== "object" || result === null)
    throw misuse(`validate: the schema returned ${kindOf(result)} instead of a result.`);
  const { issues } = result as { issues?: readonly SchemaIssue[] };
  if (issues === undefined || issues === null) return { value: (result as { value: Output }).value };
  const misfits = Array.from(issues, ({ message, path = [] }) => ({
    path: Array.from(path ?? [], (part) => (typeof part === "object" ? part.key : part)),
    message: String(message),
  }));
  return { misfits };
}

/** Formats the reasons, as in "at .age: expected a number; at .tags[0]: …". */
export function showMisfits(misfits: readonly Misfit[]): string {
  const shown = misfits.slice(0, MAX_SHOWN).map(({ path, message }) => {
    const text = message.length > MAX_MESSAGE ? `${message.slice(0, MAX_MESSAGE)}…` : message;
    return path.length === 0 ? text : `at ${showPath(path)}: ${text}`;
  });
  const more = misfits.length - shown.length;
  if (more > 0) shown.push(`and ${more} more`);
  return shown.length === 0 ? "the schema does not say why" : shown.join("; ");
}
