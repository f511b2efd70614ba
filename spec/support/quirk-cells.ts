import { asObject, batch, PreconditionFailedError, S3BucketMap } from "../../lib/index.js";
import { gzip, text } from "../../lib/layers/index.js";
import type { S3BucketOptions } from "../../lib/index.js";
import type { HttpS3 } from "./http-s3.js";
import { slug } from "./quirks/play.js";
import type { Quirk } from "./quirks/play.js";

// What a map is asked on a service with a quirk. Each of these throws where it gets a wrong answer, or an error.

/** The map's prefix, and a key of somebody else's that differs from it by what a form's encoding makes of a plus. */
const prefix = "p+/";
const others = "p /x";

/** In S3's order. */
const stored: [string, string][] = [
  ["100%.csv", "per cent"],
  ["a b", "space"],
  ["a+b", "plus"],
  ["empty", ""],
  ["q&<>\"'", "quotes"],
  ["wide é€😀", "wide é€😀"],
  ["x+/1", "one"],
  ["x+/2", "two"],
  ["y/1", "three"],
];
const names = stored.map(([key]) => key);

/** What the cells are given: the map on the service with the quirk, and one on the same service without. */
interface Given {
  map: S3BucketMap;
  bytes: S3BucketMap<"bytes">;
  plain: S3BucketMap;
  keys: [string, string][];
  quirk: Quirk;
}

export interface Service {
  /** What becomes of a cell: "right", or the code of the error; a wrong answer is told. */
  outcomeOf(cell: string): string;
  close(): void;
}

/** No cell needs more, with its own look at what is stored, and each retry. */
const MOST_REQUESTS = 100;

/** A wrong answer, which nothing allows. */
class Lie extends Error {
  override name = "Lie";
}

function same(what: string, actual: unknown, expected: unknown): void {
  if (JSON.stringify(actual) !== JSON.stringify(expected))
    throw new Lie(
      `${what}: ${JSON.stringify(actual)?.slice(0, 300)}, not ${JSON.stringify(expected)?.slice(0, 300)}`,
    );
}

function sameBytes(what: string, actual: Buffer | undefined, expected: Buffer): void {
  if (actual?.equals(expected) !== true)
    throw new Lie(`${what}: ${actual === undefined ? "nothing" : `${actual.length} other bytes`}`);
}

const long = Buffer.alloc(17 * 1024 ** 2, "0123456789abcdefghijklmnopqrstuvw");
const unquoted = (etag: string): string => etag.replace(/^(W\/)?"(.*)"$/, "$2");

function bucketOf(plain: S3BucketMap): Map<string, string> {
  return new Map(plain.entries());
}

export const cells: Record<string, (given: Given) => void> = {
  get({ map, keys }) {
    for (const [key, value] of keys) same(key, map.get(key), value);
  },
  "get missing"({ map }) {
    same("missing", map.get("missing"), undefined);
  },
  has({ map }) {
    for (const key of names) same(key, map.has(key), true);
  },
  "has missing"({ map }) {
    same("missing", map.has("missing"), false);
    same("missing", map.head("missing"), undefined);
  },
  head({ map, plain, quirk }) {
    for (const key of ["a+b", "empty"]) {
      const [head, truth] = [map.head(key), plain.head(`${prefix}${key}`)!];
      same("size", head?.size, truth.size);
      same("ETag", unquoted(head?.etag ?? ""), unquoted(truth.etag));
      same("note", head?.metadata, quirk.dropsMetadata === true ? {} : { note: "kept" });
      const date = head?.lastModified.getTime() ?? NaN;
      if (!Number.isNaN(date)) same("date", date, truth.lastModified.getTime());
    }
  },
  set({ map, plain, quirk }) {
    const metadata = quirk.dropsMetadata === true ? {} : { note: "new" };
    map.set("a+b", "new", { metadata }).set("new é", "value");
    same("a+b", plain.get(`${prefix}a+b`), "new");
    same("metadata", plain.head(`${prefix}a+b`)!.metadata, metadata);
    same("new é", plain.get(`${prefix}new é`), "value");
  },
  "set 3 MiB"({ bytes, plain }) {
    const value = long.subarray(0, 3 * 1024 ** 2);
    bytes.set("3 MiB", value);
    same("size", plain.head(`${prefix}3 MiB`)?.size, value.length);
  },
  "set 17 MiB"({ bytes, plain }) {
    try {
      bytes.set("17 MiB", long);
    } catch (error) {
      same("after the refusal", plain.has(`${prefix}17 MiB`), false);
      throw error;
    }
    same("size", plain.head(`${prefix}17 MiB`)?.size, long.length);
  },
  "get 17 MiB"({ bytes, plain }) {
    plain.set(`${prefix}long`, long);
    try {
      sameBytes("17 MiB", bytes.get("long"), long);
    } finally {
      plain.delete(`${prefix}long`);
    }
  },
  delete({ map, plain }) {
    same("delete", map.delete("a+b"), true);
    same("missing", map.delete("missing"), true);
    same("a+b", plain.has(`${prefix}a+b`), false);
  },
  keys({ map, keys }) {
    same(
      "keys",
      [...map.keys()],
      keys.map(([key]) => key),
    );
  },
  size({ map, keys }) {
    same("size", map.size, keys.length);
    same("ownKeys", Object.keys(asObject(map)).length, keys.length);
  },
  "list folders"({ map, keys }) {
    const found = [...map.list({ delimiter: "/" })].map((entry) => entry.key ?? `${entry.prefix}…`);
    const folders = keys.map(([key]) => key).filter((key) => !/^[xy]/.test(key));
    same("list", found, [...folders, "x+/…", "y/…"]);
    const inside = [...map.list({ prefix: "x+/", delimiter: "/" })];
    same(
      "sizes",
      inside.map((entry) => entry.key !== undefined && [entry.key, entry.size]),
      [
        ["x+/1", 3],
        ["x+/2", 3],
      ],
    );
  },
  "list limit"({ map, keys }) {
    same(
      "list",
      [...map.list({ limit: 2 })].map(({ key }) => key),
      keys.slice(0, 2).map(([key]) => key),
    );
    same(
      "keys",
      [...map.keys({ limit: 2 })],
      keys.slice(0, 2).map(([key]) => key),
    );
    same("none", [...map.list({ limit: 0 })], []);
  },
  entries({ map, keys }) {
    same("entries", [...map.entries()], keys);
  },
  getMany({ map, keys }) {
    same("getMany", [...map.getMany([...keys.map(([key]) => key), "missing"])], keys);
  },
  setMany({ map, plain }) {
    map.setMany([
      ["m 1", "one"],
      ["m+2", "two"],
    ]);
    same("setMany", [plain.get(`${prefix}m 1`), plain.get(`${prefix}m+2`)], ["one", "two"]);
  },
  batch({ map, plain }) {
    batch(map, () => {
      map.set("b 1", "one");
      map.set("b+2", "two");
      map.delete("a+b");
    });
    const after = bucketOf(plain);
    same(
      "batch",
      ["b 1", "b+2", "a+b"].map((key) => after.get(prefix + key) ?? "none"),
      ["one", "two", "none"],
    );
  },
  deleteMany({ map, plain, keys }) {
    map.deleteMany(["a+b", "a b", "100%.csv", "missing"]);
    const left = keys.map(([key]) => key).filter((key) => !["a+b", "a b", "100%.csv"].includes(key));
    same(
      "left",
      [...plain.keys({ prefix })],
      left.map((key) => prefix + key),
    );
  },
  clear({ map, plain }) {
    map.clear();
    same("left", [...bucketOf(plain)], [[others, "somebody else's"]]);
  },
  create({ map, plain }) {
    let stored: string | undefined;
    try {
      same("create", map.create("created", "1"), true);
      stored = "1";
      same("create again", map.create("created", "2"), false);
    } catch (error) {
      if (!(error instanceof Lie)) same("after the refusal", plain.get(`${prefix}created`), stored);
      throw error;
    }
    same("created", plain.get(`${prefix}created`), "1");
  },
  update({ map, plain }) {
    same(
      "update",
      map.update("a+b", (value) => `${value}!`),
      "plus!",
    );
    same("stored", plain.get(`${prefix}a+b`), "plus!");
    same(
      "update",
      map.update("counter", (value) => String(Number(value ?? 0) + 1)),
      "1",
    );
    same("stored", plain.get(`${prefix}counter`), "1");
  },
  "update deletes"({ map, plain }) {
    same(
      "update",
      map.update("a+b", () => undefined),
      undefined,
    );
    same("deleted", plain.has(`${prefix}a+b`), false);
  },
  "set ifMatch"({ map, plain }) {
    const { etag } = map.head("a+b")!;
    map.set("a+b", "matched", { ifMatch: etag });
    same("stored", plain.get(`${prefix}a+b`), "matched");
    try {
      map.set("a+b", "stale", { ifMatch: etag });
    } catch (error) {
      if (!(error instanceof PreconditionFailedError)) throw error;
      same("stored", plain.get(`${prefix}a+b`), "matched");
      return;
    }
    throw new Lie("a set whose ETag does not match has been done");
  },
  gzip({ bytes, plain }) {
    const zipped = text(gzip(bytes));
    zipped.set("zipped", "text ".repeat(1000));
    same("stored", plain.head(`${prefix}zipped`)!.contentEncoding, "gzip");
    same("read", zipped.get("zipped"), "text ".repeat(1000));
  },
  "odd paths"({ map, plain }) {
    const odd = ["./dot", "../up", "x//y", "x/../y", "a%2Fb"];
    for (const key of odd) {
      map.set(key, key);
      same(key, [map.get(key), plain.get(prefix + key)], [key, key]);
      map.delete(key);
    }
  },
};

/** A service with a quirk, and maps on it. All are in one bucket, for each bucket has connections of its own. */
export function openService(server: HttpS3, quirk: Quirk, wait: "atomics" | "deasync"): Service {
  const keyed = (accessKeyId: string): S3BucketOptions => ({
    endpoint: server.endpoint,
    region: "us-east-1",
    credentials: { accessKeyId, secretAccessKey: "secret" },
    wait,
    timeoutMs: 20_000,
  });
  const bent = { ...keyed(slug(quirk.name)), prefix };
  const [map, bytes] = [
    new S3BucketMap("quirks", bent),
    new S3BucketMap("quirks", { ...bent, readAs: "bytes" }),
  ];
  const plain = new S3BucketMap("quirks", keyed("plain"));
  const extra = (quirk.keys ?? []).map((key): [string, string] => [key, "extra"]);
  const keys = [...stored, ...extra].sort(([one], [other]) =>
    Buffer.compare(Buffer.from(one), Buffer.from(other)),
  );

  let isSeeded = false;
  const seed = (): void => {
    if (isSeeded) return;
    plain.clear();
    plain.set(others, "somebody else's");
    plain.setMany(
      keys.map(([key, value]) => [prefix + key, value]),
      quirk.dropsMetadata === true ? {} : { metadata: { note: "kept" } },
    );
  };
  const outcomeOf = (cell: string): string => {
    seed();
    server.reset();
    let outcome = "right";
    try {
      cells[cell]!({ map, bytes, plain, keys, quirk });
    } catch (error) {
      outcome = codeOf(error);
    }
    const requests = server.log();
    isSeeded = requests.every(({ method }) => method === "GET" || method === "HEAD");
    if (requests.length > MOST_REQUESTS) outcome += `, after ${requests.length} requests`;
    if (plain.get(others) !== "somebody else's") outcome += ", and another map's key is gone";
    if (!isSeeded && [...plain.keys()].some((key) => key.includes(".s3bucketmap-check-")))
      outcome += ", and its trial has stayed";
    return outcome;
  };
  const close = (): void => [map, bytes, plain].forEach((one) => one.close());
  return { outcomeOf, close };
}

function codeOf(error: unknown): string {
  if (error instanceof Lie) return `LIE ${error.message}`;
  const { code, message, failed } = error as {
    code?: string;
    message: string;
    failed?: Map<string, { code: string }>;
  };
  if (failed !== undefined) return [...new Set([...failed.values()].map((one) => one.code))].join(", ");
  return code ?? `ERROR ${message}`;
}
