import { isDeepStrictEqual } from "node:util";
import { leadsToFacade } from "../global/facades.js";
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

/** A map whose values match a schema. It accepts what the schema accepts, and returns what the schema returns. */
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
 * Checks each value against a schema, both when it is stored and when it is read. The requests are those of the base.
 * The values have the type of the schema.
 *
 * The schema is any Standard Schema: of zod, valibot, arktype and others. It can change values: fill in defaults, trim
 * strings, drop unknown properties. The changed value is stored, and is what reading and `update` return. A stored
 * value goes through the schema again when it is read. So the schema must accept its own results, and must not change
 * them. Otherwise the call throws a TypeError: use `transform` to convert values. Each value is checked twice when it
 * is stored.
 *
 * As without this layer, values that were read over json or structured cannot be changed. `has`, `keys`, `list` and
 * `head` do not check values: they include keys whose values do not match.
 *
 * @param schema - it must validate synchronously. If it returns a promise, the call throws a TypeError
 * @throws TypeError for a value that does not match, before anything is sent. The message says where in the value the
 * problems are, and `cause` lists all of them, as an array of `{ path, message }`
 * @throws S3BucketMapError `Invalid` for a stored value that does not match, with the same `cause`
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
    // A schema may turn strings or bytes into other values, so a layer above must not rely on the kind.
    valueKind: isProtected ? kindBelow : undefined,
    encode(value, wholeKey) {
      if (leadsToFacade(value))
        throw argumentError(
          "validate does not accept a bucket object as a value. Store a copy, { ...object }.",
        );
      const checked = checkBySchema(schema, isProtected ? changeable(value) : value);
      if ("misfits" in checked)
        throw refusal(wholeKey, "the value does not match the schema", checked.misfits);
      const again = checkBySchema(schema, checked.value);
      if ("misfits" in again) {
        const what = "the schema turns the value into one that it does not accept itself";
        throw refusal(
          wholeKey,
          what,
          again.misfits,
          ", so the value could not be read again. Use transform to convert values.",
        );
      }
      if (isDeepStrictEqual(again.value, checked.value)) return checked.value;
      throw argumentError(
        `Cannot store ${JSON.stringify(wholeKey)}: validate: the schema changes its own result again, ` +
          "so the value would come back different. Use transform to convert values.",
      );
    },
    decode(stored) {
      // The schema gets a copy, which it may change. Its result may contain objects of the program, such as a default.
      const checked = checkBySchema(schema, isProtected ? unguarded(stored.value) : stored.value);
      if ("misfits" in checked) {
        const reason = `the value does not match the schema: ${showMisfits(checked.misfits)}`;
        throw new Unreadable("Invalid", reason, "Read it through the base map of validate.", checked.misfits);
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
