import type { ListObjectsV2Command } from "@aws-sdk/client-s3";
import fc from "fast-check";
import type { Span } from "../lib/bridge/protocol.js";
import { comesBefore } from "../lib/text/utf8-order.js";
import { listSpans } from "../lib/worker/s3/listing/list-spans.js";
import type { Target } from "../lib/worker/s3/target.js";

// Whatever is guessed of how the keys go on: they are all listed, once, in order, within the cost.

/** A service that has these keys, and answers in any order. */
function targetOver(keys: readonly string[], concurrency: number, delays: () => number): Target {
  const send = async ({ input }: ListObjectsV2Command): Promise<object> => {
    for (let turns = delays(); turns > 0; turns -= 1) await new Promise(setImmediate);
    const { StartAfter = "", ContinuationToken = StartAfter } = input;
    const from = keys.filter((key) => !comesBefore(ContinuationToken, key)).length;
    const page = keys.slice(from, from + 1000);
    const more = from + page.length < keys.length;
    return {
      IsTruncated: more,
      EncodingType: "url",
      ...(more ? { NextContinuationToken: page.at(-1) } : {}),
      Contents: page.map((key) => ({ Key: encodeURIComponent(key), Size: key.length })),
    };
  };
  const settings = { bucket: "bucket", concurrency };
  return { client: { send }, settings, bucketProved: true, conditions: {} } as unknown as Target;
}

/** Lists all but the first page, call by call. */
async function listRest(
  target: Target,
  keys: readonly string[],
  prefix: string,
): Promise<[string[], number]> {
  const known = keys.slice(0, 1000);
  const [low, after] = [known[0]!, known.at(-1)!];
  const found: string[] = [];
  let requests = 1;
  let spans: Span[] = [{ start: { startAfter: after }, after, until: undefined, low, near: low }];
  let parts: { keys: string[]; rest?: Span }[] = [{ keys: [], rest: spans[0]! }];
  while (spans.length > 0) {
    const listed = known.length + parts.reduce((sum, part) => sum + part.keys.length, 0);
    const call = { prefix, spans, requests, listed, sample: known.filter((_key, at) => at % 20 === 0) };
    const task = { signal: new AbortController().signal, doubt: undefined };
    const result = await listSpans(target, { ...call, beginForMs: 10_000 }, task);
    if ("sequential" in result) throw new Error("The service is taken for one that ignores StartAfter.");
    requests = result.requests;
    const more = result.spans.values();
    parts = parts.flatMap((part) =>
      part.rest === undefined ? [part] : [{ keys: part.keys }, ...more.next().value!],
    );
    spans = parts.flatMap(({ rest }) => rest ?? []);
  }
  for (const part of parts) found.push(...part.keys);
  return [found, requests];
}

const inOrder = (keys: Iterable<string>): string[] =>
  [...new Set(keys)].sort((a, b) => (comesBefore(a, b) ? -1 : 1));

/** Names made of pieces, as those of folders and files are; some pieces come more often than others. */
const pieces = fc.array(
  fc.oneof(
    fc.constantFrom("a", "b", "/", "-", "0", "9", "logs/", "é", "中", "😀", "\uffff"),
    fc.string({ unit: "grapheme", minLength: 1, maxLength: 3 }),
  ),
  { minLength: 2, maxLength: 12 },
);

describe("listSpans()", () => {
  it("lists whatever keys there are, once, in order, within the cost", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom("", "pre/", "😀"),
        pieces,
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1001, max: 25_000 }),
        fc.integer({ min: 1, max: 40 }),
        fc.nat(),
        async (prefix, some, length, count, concurrency, seed) => {
          let state = seed + 1;
          const random = (below: number): number => {
            state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 1;
            return (state >>> 8) % below;
          };
          const name = (number: number): string =>
            Array.from({ length }, () => some[random(some.length)]).join("") + number;
          const keys = inOrder(Array.from({ length: count }, (_, number) => prefix + name(number)));
          const target = targetOver(keys, concurrency, () => random(4));
          const [found, requests] = await listRest(target, keys, prefix);
          expect(found).toEqual(keys.slice(1000));
          expect(requests).toBeLessThanOrEqual(1.3 * Math.ceil(keys.length / 1000) + 10);
        },
      ),
      { numRuns: 25, endOnFailure: true },
    );
  }, 120_000);
});
