import { ListObjectsV2Command, type S3Client } from "@aws-sdk/client-s3";
import fc from "fast-check";
import type { LocalS3Handler } from "../../lib/local/handler.js";
import { clientOf, localHandler, removeDirectories, send } from "./client";

jest.setTimeout(60_000);
afterAll(removeDirectories);

let handler: LocalS3Handler;
let client: S3Client;
beforeAll(() => {
  handler = localHandler();
  client = clientOf({ requestHandler: handler });
});

let bucketNumber = 0;
async function bucketWith(keys: Iterable<string>): Promise<string> {
  const bucket = `bucket-${bucketNumber++}`;
  await Promise.all(
    [...keys].map((key) => send(handler, "PUT", `/${bucket}/${encodeURIComponent(key)}`, { body: key })),
  );
  return bucket;
}

interface Listed {
  keys: string[];
  prefixes: string[];
}

const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

/** What S3's documentation says a whole listing has. */
function model(keys: Iterable<string>, { prefix = "", delimiter = "", startAfter = "" }): Listed {
  const found = [...new Set(keys)]
    .filter((key) => key.startsWith(prefix) && byBytes(key, startAfter) > 0)
    .sort(byBytes);
  const prefixes = new Set<string>();
  const rest = found.filter((key) => {
    const cut = delimiter === "" ? -1 : key.indexOf(delimiter, prefix.length);
    if (cut >= 0) prefixes.add(key.slice(0, cut + delimiter.length));
    return cut < 0;
  });
  // A listing that starts after a common prefix does not come back to it.
  prefixes.delete(startAfter);
  return { keys: rest, prefixes: [...prefixes].sort(byBytes) };
}

const decode = (text: string | undefined): string => decodeURIComponent((text ?? "").replaceAll("+", "%20"));

async function listAll(
  Bucket: string,
  options: { prefix?: string; delimiter?: string; startAfter?: string; maxKeys?: number },
): Promise<Listed & { pages: number[] }> {
  const all: Listed & { pages: number[] } = { keys: [], prefixes: [], pages: [] };
  let token: string | undefined;
  do {
    const page = await client.send(
      new ListObjectsV2Command({
        Bucket,
        Prefix: options.prefix,
        Delimiter: options.delimiter,
        StartAfter: options.startAfter,
        MaxKeys: options.maxKeys,
        ContinuationToken: token,
        EncodingType: "url",
      }),
    );
    const keys = (page.Contents ?? []).map(({ Key }) => decode(Key));
    const prefixes = (page.CommonPrefixes ?? []).map(({ Prefix }) => decode(Prefix));
    expect(page.KeyCount).toBe(keys.length + prefixes.length);
    all.keys.push(...keys);
    all.prefixes.push(...prefixes);
    all.pages.push(keys.length + prefixes.length);
    token = page.NextContinuationToken;
    expect(page.IsTruncated).toBe(token !== undefined);
  } while (token !== undefined);
  return all;
}

describe("ListObjectsV2", () => {
  // Few letters, so that prefixes and delimiters meet; and some that sort differently in UTF-16 and UTF-8.
  const letter = fc.constantFrom(
    "a",
    "b",
    "/",
    "/",
    "-",
    "\u0001",
    "%",
    "+",
    " ",
    "&",
    "\r",
    "ú",
    "\uffff",
    "😀",
  );
  const text = (max: number) => fc.string({ unit: letter, maxLength: max });

  it("gives what a simple model gives, in any pages", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.string({ unit: letter, minLength: 1, maxLength: 6 }), { maxLength: 40 }),
        fc.array(
          fc.record({
            prefix: text(3),
            delimiter: text(2),
            startAfter: text(4),
            maxKeys: fc.integer({ min: 1, max: 7 }),
          }),
          {
            minLength: 5,
            maxLength: 5,
          },
        ),
        async (keys, queries) => {
          const bucket = await bucketWith(keys);
          for (const query of queries) {
            const { keys: foundKeys, prefixes, pages } = await listAll(bucket, query);
            expect({ keys: foundKeys, prefixes }).toEqual(model(keys, query));
            // All pages but the last are full.
            expect(pages.slice(0, -1).every((size) => size === query.maxKeys)).toBe(true);
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  it("orders by UTF-8 bytes", async () => {
    const keys = ["\uffff", "😀", "a", "B", "ä", "\u0001", "z/"];
    const { keys: found } = await listAll(await bucketWith(keys), {});
    expect(found).toEqual(["\u0001", "B", "a", "z/", "ä", "\uffff", "😀"]);
  });

  it("pages 2,500 keys by 1000, each exactly once", async () => {
    const keys = Array.from({ length: 2500 }, (_, n) => `key-${n}`);
    const { keys: found, pages } = await listAll(await bucketWith(keys), { maxKeys: 5000 });
    expect(pages).toEqual([1000, 1000, 500]);
    expect(found).toEqual([...keys].sort());
  });

  it("says what it lists, without a request for each", async () => {
    const bucket = await bucketWith(["k"]);
    const page = await client.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: "k" }));
    expect(page).toMatchObject({ Name: bucket, Prefix: "k", KeyCount: 1, MaxKeys: 1000, IsTruncated: false });
    expect(page.Contents).toMatchObject([
      {
        Key: "k",
        Size: 1,
        ETag: '"8ce4b16b22b58894aa86c421e8759df3"',
        StorageClass: "STANDARD",
      },
    ]);
    const head = await send(handler, "HEAD", `/${bucket}/k`);
    expect(page.Contents?.[0]?.LastModified?.toUTCString()).toBe(head.headers["last-modified"]);
  });

  it("with max-keys=0 is empty and not truncated", async () => {
    const page = await client.send(new ListObjectsV2Command({ Bucket: await bucketWith(["k"]), MaxKeys: 0 }));
    expect(page).toMatchObject({ KeyCount: 0, IsTruncated: false });
  });

  it("goes on from its token when the key that it ended with is gone", async () => {
    const bucket = await bucketWith(["a", "b", "c"]);
    const first = await client.send(new ListObjectsV2Command({ Bucket: bucket, MaxKeys: 2 }));
    await send(handler, "DELETE", `/${bucket}/b`);
    const second = await client.send(
      new ListObjectsV2Command({ Bucket: bucket, ContinuationToken: first.NextContinuationToken }),
    );
    expect(second.Contents?.map(({ Key }) => Key)).toEqual(["c"]);
  });

  it("does not see the keys of a bucket whose name begins the same", async () => {
    const bucket = await bucketWith(["a"]);
    await send(handler, "PUT", `/${bucket}-more/b`, { body: "" });
    await send(handler, "PUT", `/${bucket}.more/c`, { body: "" });
    expect(await listAll(bucket, {})).toMatchObject({ keys: ["a"] });
  });

  it.each([
    [{ "max-keys": "-1" }, "max-keys"],
    [{ "max-keys": "many" }, "max-keys"],
    [{ "encoding-type": "base64" }, "encoding-type"],
    [{ "continuation-token": "%%%" }, "continuation-token"],
    [{ "continuation-token": "" }, "continuation-token"],
  ])("refuses %j", async (query, name) => {
    const answer = await send(handler, "GET", "/bucket", {
      query: { "list-type": "2", ...query },
    });
    expect(answer).toMatchObject({ status: 400, code: "InvalidArgument" });
    expect(answer.body.toString()).toContain(`<ArgumentName>${name}</ArgumentName>`);
  });

  it("takes a prefix and a start-after longer than any key", async () => {
    const bucket = await bucketWith(["a", "z"]);
    expect(await listAll(bucket, { prefix: "a".repeat(3000) })).toMatchObject({ keys: [] });
    expect(await listAll(bucket, { startAfter: "a".repeat(3000) })).toMatchObject({ keys: ["z"] });
  });
});
