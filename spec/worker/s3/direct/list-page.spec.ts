import { Readable } from "node:stream";
import { ListObjectsV2Command, S3Client } from "@aws-sdk/client-s3";
import fc from "fast-check";
import { parsePage } from "../../../../lib/worker/s3/direct/list-page.js";

/** What the SDK makes of a page. */
async function bySdk(xml: string): Promise<unknown> {
  const client = new S3Client({
    region: "us-east-1",
    maxAttempts: 1,
    credentials: { accessKeyId: "key", secretAccessKey: "secret" },
    requestHandler: {
      metadata: { handlerProtocol: "http/1.1" },
      handle: () =>
        Promise.resolve({
          response: { statusCode: 200, headers: {}, body: Readable.from([Buffer.from(xml)]) } as never,
        }),
      updateHttpClientConfig: () => {},
      httpHandlerConfigs: () => ({}),
    },
  });
  const {
    IsTruncated,
    NextContinuationToken,
    Prefix,
    Contents = [],
  } = await client.send(new ListObjectsV2Command({ Bucket: "bucket" }));
  return {
    IsTruncated,
    ...(NextContinuationToken === undefined ? {} : { NextContinuationToken }),
    ...(Prefix === undefined ? {} : { Prefix }),
    Contents: Contents.map(({ Key, Size }) => ({ Key, Size })),
  };
}

const escapeXml = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

interface Listed {
  key: string;
  size: number;
  etag: string;
  modified: Date;
  extra: string;
  /** In which order the object is described; AWS has the first. */
  order: (fields: { key: string; date: string; etag: string; size: string; extra: string }) => string;
}

const extras = [
  "",
  "<StorageClass>STANDARD</StorageClass>",
  "<Owner><ID>a&amp;b</ID><DisplayName></DisplayName></Owner>",
  "<Owner><ID>1</ID></Owner><ChecksumAlgorithm>CRC32</ChecksumAlgorithm><ChecksumType>FULL_OBJECT</ChecksumType>",
  "<ChecksumAlgorithm>CRC32</ChecksumAlgorithm><ChecksumAlgorithm>SHA1</ChecksumAlgorithm>",
  "<Type>Normal</Type><Empty/>",
];

function pageOf(objects: Listed[], token: string | undefined, head: string): string {
  const contents = objects.map(
    ({ key, size, etag, modified, extra, order }) =>
      `<Contents>${order({
        key: `<Key>${encodeURIComponent(key)}</Key>`,
        date: `<LastModified>${modified.toISOString()}</LastModified>`,
        etag: `<ETag>${escapeXml(etag)}</ETag>`,
        size: `<Size>${size}</Size>`,
        extra,
      })}</Contents>`,
  );
  const next =
    token === undefined ? "" : `<NextContinuationToken>${escapeXml(token)}</NextContinuationToken>`;
  return (
    `${head}<Name>bucket</Name><Prefix/><MaxKeys>1000</MaxKeys><KeyCount>${objects.length}</KeyCount>` +
    `<IsTruncated>${token !== undefined}</IsTruncated>${contents.join("")}${next}<EncodingType>url</EncodingType></ListBucketResult>`
  );
}

const heads = [
  "<ListBucketResult>",
  '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">',
  '<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">',
];
const listed = fc.record({
  key: fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 }),
  size: fc.nat(),
  etag: fc.constantFrom('"d41d8cd98f00b204e9800998ecf8427e"', '"x-2"', "bare", '"<&>"'),
  modified: fc.date({ min: new Date("2006-01-01"), max: new Date("2090-01-01"), noInvalidDate: true }),
  extra: fc.constantFrom(...extras),
  order: fc.constantFrom<Listed["order"]>(
    ({ key, date, etag, size, extra }) => key + date + etag + size + extra,
    ({ key, date, etag, size, extra }) => key + date + etag + extra + size,
    ({ key, date, etag, size, extra }) => size + extra + etag + key + date,
  ),
});
const page = fc
  .tuple(
    fc.array(listed, { maxLength: 5 }),
    fc.option(fc.constantFrom("token", "a+b/c==", '<&">'), { nil: undefined }),
    fc.constantFrom(...heads),
  )
  .map(([objects, token, head]) => pageOf(objects, token, head));

describe("parsePage()", () => {
  it("reads what S3 and its like write as the SDK does", async () => {
    await fc.assert(
      fc.asyncProperty(page, async (xml) => {
        const parsed = parsePage(xml);
        expect(parsed).toBeDefined();
        expect(parsed).toEqual(await bySdk(xml));
      }),
    );
  });

  it("reads a page with line breaks between its elements", async () => {
    await fc.assert(
      fc.asyncProperty(page, async (xml) => {
        const broken = xml.replaceAll("><", ">\n<");
        const parsed = parsePage(broken);
        expect(parsed).toBeDefined();
        // Not damaged further: with a blank for a line break, the SDK's own parser loses what the object holds.
        expect(parsed).toEqual(await bySdk(broken));
      }),
    );
  });

  it("reads nothing of a page that was cut anywhere", () => {
    fc.assert(
      fc.property(page, fc.nat(), (xml, at) => {
        expect(parsePage(xml.slice(0, at % xml.length))).toBeUndefined();
      }),
    );
  });

  it("reads a page with damaged markup as the SDK does, or leaves it to it", async () => {
    await fc.assert(
      fc.asyncProperty(page, fc.nat(), fc.constantFrom("<", ">", "/", "&", "", " "), async (xml, at, put) => {
        const place = at % xml.length;
        const damaged = xml.slice(0, place) + put + xml.slice(place + 1);
        const parsed = parsePage(damaged);
        if (parsed !== undefined) expect(parsed).toEqual(await bySdk(damaged));
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    ["nothing", ""],
    ["a web page", "<html><body>Log in</body></html>"],
    ["an error", "<Error><Code>InternalError</Code></Error>"],
    [
      "keys that are not escaped",
      pageOf([], undefined, heads[0]!).replace("<EncodingType>url</EncodingType>", ""),
    ],
    [
      "no word of whether there is more",
      pageOf([], undefined, heads[0]!).replace(/<IsTruncated>.*<\/IsTruncated>/, ""),
    ],
    [
      "an object without a key",
      pageOf([], undefined, heads[0]!).replace("<Name>", "<Contents><Size>1</Size></Contents><Name>"),
    ],
    [
      "common prefixes",
      pageOf([], undefined, heads[0]!).replace(
        "<Name>",
        "<CommonPrefixes><Prefix>a/</Prefix></CommonPrefixes><Name>",
      ),
    ],
    ["more than the page", `${pageOf([], undefined, heads[0]!)}<html></html>`],
    ["a comment", pageOf([], undefined, heads[0]!).replace("<Name>", "<!-- --><Name>")],
    ["character data", pageOf([], undefined, heads[0]!).replace("bucket", "<![CDATA[bucket]]>")],
  ])("leaves %s to the SDK", (_name, xml) => {
    expect(parsePage(xml)).toBeUndefined();
  });
});
