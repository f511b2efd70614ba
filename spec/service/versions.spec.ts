import { randomUUID } from "node:crypto";
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { at, restore, S3BucketMap } from "../../lib/index.js";
import type { S3BucketMapError } from "../../lib/index.js";
import { cannot, serviceMap } from "../support/service.js";

const Bucket = `versions-${randomUUID()}`;
let client: S3Client;
beforeAll(async () => {
  client = new S3Client({ forcePathStyle: true });
  if (!cannot("versions")) {
    await client.send(new CreateBucketCommand({ Bucket }));
    await client.send(
      new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: "Enabled" } }),
    );
  }
});
afterAll(async () => {
  if (!cannot("versions")) {
    const { Versions = [], DeleteMarkers = [] } = await client.send(
      new ListObjectVersionsCommand({ Bucket }),
    );
    for (const { Key, VersionId } of [...Versions, ...DeleteMarkers])
      await client.send(new DeleteObjectCommand({ Bucket, Key, VersionId }));
    await client.send(new DeleteBucketCommand({ Bucket }));
  }
  client.destroy();
});

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return (error as S3BucketMapError).code;
  }
  return "none";
}

describe("a bucket that keeps versions", () => {
  // A service that cannot has no such bucket.
  (cannot("versions") ? it.skip : it).each(["atomics", "deasync"] as const)(
    "gives what a key had, and all keys as they were, wait: %s",
    async (wait) => {
      const map = new S3BucketMap(Bucket, { prefix: `${wait}/`, wait });
      const odd = "a b+é/%2F\r\n";
      map.set(odd, "one");
      map.set("other", "one");
      map.set("gone", "one");
      map.delete("gone");
      const before = map.versions(odd)[0]!.lastModified;
      // Until the service's clock is past the second.
      let now = before;
      while (now.getTime() < before.getTime() + 2000) {
        await new Promise((resolve) => setTimeout(resolve, 200));
        map.set("clock", "");
        now = map.versions("clock")[0]!.lastModified;
      }
      const past = at(map, new Date(before.getTime() + 1500));
      map.set(odd, "two");
      map.delete("other");
      map.set("gone", "two");
      map.set("new", "two");
      const versions = map.versions(odd);
      expect(versions.map(({ isLatest, isDeleteMarker, size }) => [isLatest, isDeleteMarker, size])).toEqual([
        [true, false, 3],
        [false, false, 3],
      ]);
      expect(versions.map(({ versionId }) => map.get(odd, { versionId }))).toEqual(["two", "one"]);
      const [, marker] = map.versions("gone");
      expect(marker).toMatchObject({ isDeleteMarker: true, isLatest: false, size: undefined });
      expect(map.get("gone", { versionId: marker!.versionId })).toBeUndefined();
      const kept = [...past.keys()].filter((key) => key !== "clock");
      expect(kept).toEqual([odd, "other"].sort());
      expect([past.get(odd), past.get("other"), past.get("gone"), past.get("new")]).toEqual([
        "one",
        "one",
        undefined,
        undefined,
      ]);
      expect(past.head(odd)).toMatchObject({ size: 3, etag: versions[1]!.etag });
      restore(map, odd, versions[1]!.versionId);
      restore(map, "gone", map.versions("gone").at(-1)!.versionId);
      expect([map.get(odd), map.get("gone")]).toEqual(["one", "one"]);
      expect([...past].filter(([key]) => key !== "clock").map(([, value]) => value)).toEqual(["one", "one"]);
    },
  );
});

it("a bucket that keeps none says so", () => {
  const map = serviceMap();
  map.set("k", "v");
  const codes = [
    () => map.versions("k"),
    () => map.get("k", { versionId: "null-and-void" }),
    () => at(map, new Date()).size,
  ].map(codeOf);
  // One that answers any request with what it has now does not even say that it keeps none.
  const refusals = cannot("versions") ? /^(VersioningOff|BadAnswer)$/ : /^VersioningOff$/;
  for (const code of codes) expect(code).toMatch(refusals);
});
