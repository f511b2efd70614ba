import { isDeepStrictEqual } from "node:util";
import { leadsToFacade } from "../copies/facades.js";
import { argumentError } from "../errors/errors.js";
import { internalsOf } from "../map/internals.js";
import type { ValueKind } from "../map/internals.js";
import type { ObjectOptions, SetOptions, SyncMap } from "../map/sync-map.js";
import { changeable, guarded, unguarded } from "./data/guarded.js";
import { checkBySchema, checkSchema, showMisfits } from "./data/standard-schema.js";
import type { StandardSchema } from "./data/standard-schema.js";
import { checkBase } from "./foundation/base.js";
import type { LayerBase } from "./foundation/base.js";
import { TransformLayer } from "./foundation/transform-layer.js";
import type { Codec } from "./foundation/transform-layer.js";
import { Unreadable } from "./foundation/unreadable.js";

/** A map whose values fit a schema. It takes what the schema takes, and gives what the schema makes of that. */
export interface ValidatedMap<Input, Output> extends SyncMap<Output> {
  set(key: string, value: Input | Output, options?: SetOptions): this;
  setMany(entries: Iterable<readonly [string, Input | Output]>, options?: ObjectOptions): this;
  create(key: string, value: Input | Output, options?: ObjectOptions): boolean;
  update(
    key: string,
    fn: (value: Output | undefined) => Input | Output | undefined,
    options?: ObjectOptions,
  ): Output | undefined;
  subMap(prefix: string): ValidatedMap<Input, Output>;
}

/**
 * Checks each value by a schema, when it is stored and when it is read. The requests are those of the base. The type of the values is
 * the schema's.
 *
 * The schema is any Standard Schema: of zod, valibot, arktype and others. What it changes is stored and returned as it says:
 * defaults are filled in, texts are trimmed, unknown properties are left out. `update` returns what was stored. Only what a read
 * would give back unchanged is stored, so a schema that turns a value into something that it does not take itself, or changes
 * its own results again, is refused: use `transform` for that. Each value is checked twice when it is stored.
 *
 * Values that were read over json or structured cannot be changed, as without this layer. `has`, `keys`, `list` and `head` do not look at
 * values: they include keys whose values do not fit.
 *
 * @param schema - it must validate synchronously: if it returns a promise, the call is a TypeError
 * @throws TypeError for a value that does not fit, before anything is sent. It says where in the value the problems are, and
 * its `cause` has all of them, as an array of `{ path, message }`
 * @throws S3BucketMapError `Invalid` for a stored value that does not fit, with the same `cause`
 * @example
 * const User = z.object({ name: z.string().trim(), visits: z.number().default(0) });
 * const users = validate(json(new S3BucketMap("my-bucket", { prefix: "users/" })), User);
 * users.set("ann", { name: " Ann " });
 * users.get("ann"); // { name: 'Ann', visits: 0 }
 * users.set("bob", JSON.parse('{ "name": 5 }')); // TypeError: …, at .name: …
 * @see https://standardschema.dev
 */
export function validate<Output, Input = Output>(
  map: LayerBase<unknown>,
  schema: StandardSchema<Input, Output>,
): ValidatedMap<Input, Output> {
  const base = checkBase("validate", map);
  checkSchema(schema);
  const { valueKind } = internalsOf(base);
  return new TransformLayer<Output, unknown>(base, validateCodec(schema, valueKind));
}

function validateCodec<Output>(
  schema: StandardSchema<unknown, Output>,
  kindBelow: ValueKind,
): Codec<Output, unknown> {
  const isProtected = kindBelow === "frozen" || kindBelow === "objects";
  return {
    name: "validate",
    // A string or bytes may be read otherwise than they were given, so nobody may rely on that.
    valueKind: isProtected ? kindBelow : undefined,
    encode(value, wholeKey) {
      if (leadsToFacade(value))
        throw argumentError(
          "validate does not take a bucket object as a value: store a copy, { ...object }.",
        );
      const checked = checkBySchema(schema, isProtected ? changeable(value) : value);
      if ("misfits" in checked)
        throw refusal(wholeKey, "the value does not match the schema", checked.misfits);
      const again = checkBySchema(schema, checked.value);
      if ("misfits" in again) {
        const what = "the schema turns the value into one that it does not take itself";
        throw refusal(
          wholeKey,
          what,
          again.misfits,
          ", so it could not be read again. Use transform to convert values.",
        );
      }
      if (isDeepStrictEqual(again.value, checked.value)) return checked.value;
      throw argumentError(
        `Cannot store ${JSON.stringify(wholeKey)}: validate: the schema changes its own result again, ` +
          "so the value would come back different. Use transform to convert values.",
      );
    },
    decode(stored) {
      // The schema gets a copy that it may change, and its results may be objects of the program, such as a default.
      const checked = checkBySchema(schema, isProtected ? unguarded(stored.value) : stored.value);
      if ("misfits" in checked) {
        const reason = `the value does not match the schema: ${showMisfits(checked.misfits)}`;
        throw new Unreadable(
          "Invalid",
          reason,
          "Read it through the map that validate was given.",
          checked.misfits,
        );
      }
      const { value } = checked;
      return { ...stored, value: isProtected ? (guarded(unguarded(value)) as Output) : value };
    },
    updated: (stored) => stored as Output,
  };
}

function refusal(
  wholeKey: string,
  what: string,
  misfits: Parameters<typeof showMisfits>[0],
  end = ".",
): TypeError {
  const message = `Cannot store ${JSON.stringify(wholeKey)}: validate: ${what}: ${showMisfits(misfits)}${end}`;
  return argumentError(message, misfits);
}
