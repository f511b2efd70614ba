import * as fc from "fast-check";
import { asObject } from "../../lib/index.js";
import type { SyncMap } from "../../lib/index.js";
import { relations } from "./facade-relations.js";
import { inAnyOrder, someEntries, steps } from "./facade-steps.js";
import type { Step, Strings } from "./facade-steps.js";

const all: Record<string, Step> = { ...steps, ...relations };

interface Program {
  /** What the object holds before. */
  entries: [string, string][];
  uses: { name: string; args: unknown }[];
}

const uses = fc
  .constantFrom(...Object.keys(all))
  .chain((name) => fc.record({ name: fc.constant(name), args: all[name]!.args }));

const programs: fc.Arbitrary<Program> = fc.record({
  entries: someEntries,
  uses: fc.array(uses, { minLength: 2, maxLength: 4 }),
});

/** What a use leads to: its result, or the kind of what it throws. */
function outcome(use: Pick<Step, "run">, object: Strings, args: unknown): unknown {
  try {
    return { result: use.run(object, args) };
  } catch (error) {
    const { name, message } = error as Error;
    // What the service or the network did must not pass for a difference.
    return name === "S3BucketMapError" ? { failed: message } : { threw: name };
  }
}

function check({ entries, uses }: Program, facade: Strings, cannotList?: Lister): void {
  const plain = Object.create(null) as Strings;
  for (const [key, value] of entries) {
    plain[key] = value;
    facade[key] = value;
  }
  for (const { name, args } of uses) {
    const use = all[name]!;
    const before = Object.keys(plain);
    const expected = use.refused ? { threw: "TypeError" } : outcome(use, plain, args);
    const actual = outcome(use, facade, args);
    // What follows would begin with another state.
    if (isBadListing(actual) && cannotList?.([...before, ...Object.keys(plain)]) === true) return;
    expect([name, actual]).toStrictEqual([name, expected]);
  }
  const left = outcome({ run: (object) => inAnyOrder(Object.entries(object)) }, facade, []);
  if (isBadListing(left) && cannotList?.(Object.keys(plain)) === true) return;
  expect(left).toEqual({ result: inAnyOrder(Object.entries(plain)) });
}

type Lister = (keys: readonly string[]) => boolean;

const isBadListing = (actual: unknown): boolean =>
  /: BadListing: /.test((actual as { failed?: string }).failed ?? "");

/** What the random programs run on, and how many of them. */
export interface PropertyRun {
  /** A map that is empty and has a prefix, so that the empty key is one; each program gets a part of it. */
  map: SyncMap<string>;
  programs: number;
  /** To run the very same programs again. */
  seed?: number;
  /** Listing these keys is refused, for the service lists them wrongly. */
  cannotList?: Lister;
}

/**
 * Runs random programs on a facade and on a plain object without prototype, and compares each result, each
 * kind of error, and what is there in the end. It fails by throwing, with the program cut down to the least.
 *
 * @returns how often each use was part of a program
 */
export function compareWithPlainObject({
  map,
  programs: numRuns,
  seed,
  cannotList,
}: PropertyRun): Map<string, number> {
  const used = new Map<string, number>();
  let number = 0;
  fc.assert(
    fc.property(programs, (program) => {
      for (const { name } of program.uses) used.set(name, (used.get(name) ?? 0) + 1);
      check(program, asObject(map.subMap(`${number++}/`)), cannotList);
    }),
    { numRuns, ...(seed === undefined ? {} : { seed }) },
  );
  return used;
}

/** The names of all uses, each of which a long run must have had. */
export const useNames: readonly string[] = Object.keys(all);
