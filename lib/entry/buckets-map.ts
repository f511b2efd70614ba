import { inspect } from "node:util";
import { checkDeasync } from "../bridge/check-deasync.js";
import { asObject, mapBehind } from "../facade/bucket-object.js";
import type { BucketObject } from "../facade/bucket-object.js";
import { isBucketName } from "../arguments/location.js";
import type { ReadAs, Settings } from "../arguments/options.js";
import { argumentError } from "../errors/errors.js";
import { internals } from "../map/internals.js";
import type { Internals } from "../map/internals.js";
import { BucketCalls, callsOf } from "../bucket/bucket-calls.js";
import { mapWithSettings } from "../bucket/s3-bucket-map.js";
import type { S3BucketMap } from "../bucket/s3-bucket-map.js";
import type { ValueOf } from "../bucket/shared.js";

/** Identifies such a map, even that of another copy of the library. */
const isBuckets = Symbol.for("s3bucketmap.buckets/1");

/** The buckets of an account by name, for the facade over them. */
export class BucketsMap<As extends ReadAs = ReadAs> {
  readonly [isBuckets] = true;
  readonly #settings: Settings;
  readonly #account: BucketCalls;
  readonly #maps: Map<string, S3BucketMap<As>> = new Map();

  constructor(settings: Settings) {
    if (settings.wait === "deasync") checkDeasync();
    this.#settings = settings;
    this.#account = new BucketCalls({ settings }, "");
  }

  /** No request. */
  get(name: string): BucketObject<ValueOf<As>> | (() => string[]) | undefined {
    // Otherwise JSON.stringify would read each key of each bucket.
    if (name === "toJSON") return () => this.keys();
    return isBucketName(name) ? asObject(this.map(name)) : undefined;
  }

  /** 1 HeadBucket. */
  has(name: string): boolean {
    if (name === "toJSON" || !isBucketName(name)) return false;
    return this.map(name)[callsOf]().call({ op: "headBucket" });
  }

  set(name: string): never {
    throw argumentError(
      `Buckets cannot be assigned. To create one, use createBucket(s3, ${JSON.stringify(name)}). To set a key of a bucket, write s3.${isBucketName(name) ? name : "name"}.key = value.`,
    );
  }

  delete(name: string): never {
    throw argumentError(
      `Buckets cannot be deleted like properties. To delete an empty one, use deleteBucket(s3, ${JSON.stringify(name)}).`,
    );
  }

  /** All names, in the service's order. 1 ListBuckets for each page. */
  keys(): string[] {
    const names = new Set<string>();
    const tokens = new Set<string>();
    let token: string | undefined;
    do {
      const page = this.#account.call({ op: "listBuckets", ...(token === undefined ? {} : { token }) });
      for (const name of page.names) names.add(name);
      token = page.token;
      if (token !== undefined && tokens.has(token)) {
        const reason = "the service returned a continuation token for the second time";
        throw this.#account.error({ code: "BadListing", reason }, "listBuckets");
      }
      if (token !== undefined) tokens.add(token);
    } while (token !== undefined);
    return [...names];
  }

  /** A bucket's map. */
  map(name: string): S3BucketMap<As> {
    let map = this.#maps.get(name);
    if (map === undefined) {
      const client = { ...this.#settings.client, bucket: name };
      map = mapWithSettings<As>({ ...this.#settings, client }, this.#account.shared);
      this.#maps.set(name, map);
    }
    return map;
  }

  /** Creates or deletes a bucket, and tells the facade's listings about it. */
  change(name: string, op: "createBucket" | "deleteBucket"): void {
    this.#account.tell(name, "unsure");
    this.map(name)[callsOf]().call({ op });
    this.#account.tell(name, op === "createBucket" ? "set" : "deleted");
  }

  /** What the facade, `batch` and `copyAll` use. */
  get [internals](): Pick<
    Internals<unknown>,
    "place" | "allKeys" | "hintReads" | "runBatch" | "settle" | "writing"
  > {
    return {
      place: this.#account.place,
      allKeys: () => this.keys(),
      hintReads: () => {},
      runBatch: () => needsOneBucket("batch"),
      settle: () => needsOneBucket("copyAll"),
      writing: () => needsOneBucket("copyAll"),
    };
  }

  [callsOf](): BucketCalls {
    return this.#account;
  }

  [inspect.custom](): string {
    const { memory, client } = this.#settings;
    const { local, endpoint } = client;
    const where =
      local !== undefined
        ? `the local S3 at ${memory ?? local}`
        : (endpoint ?? "AWS or the endpoint that the environment names");
    return `S3Buckets { all buckets of ${where} }`;
  }
}

function needsOneBucket(what: string): never {
  throw argumentError(`${what} works on a single bucket, as in ${what}(s3.name, …).`);
}

/** The map behind an object of `s3Buckets`, or undefined for anything else. */
export function bucketsBehind(value: unknown): BucketsMap | undefined {
  const map = mapBehind(value) as Partial<BucketsMap> | undefined;
  return map?.[isBuckets] === true ? (map as BucketsMap) : undefined;
}
