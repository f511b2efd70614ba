import { createHash, randomBytes } from "node:crypto";
import { crc32 } from "node:zlib";
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  UploadPartCommand,
  type CompletedPart,
  type CompleteMultipartUploadCommandInput,
  type CreateMultipartUploadCommandInput,
  type S3Client,
} from "@aws-sdk/client-s3";
import type { LocalS3Handler } from "../../lib/local/handler.js";
import { crc32Text } from "../../lib/local/body/crc32.js";
import { clientOf, leftovers, localHandler, removeDirectories, send, temporaryDirectory } from "./client";

jest.setTimeout(60_000);
afterAll(removeDirectories);

const MIB = 2 ** 20;
const target = { Bucket: "bucket", Key: "dir/ú & +" };
const path = `/bucket/${encodeURIComponent(target.Key)}`;
const large = randomBytes(6 * MIB);
const small = randomBytes(1000);

let directory: string;
let handler: LocalS3Handler;
let client: S3Client;
beforeEach(() => {
  directory = temporaryDirectory();
  handler = localHandler({ directory });
  client = clientOf({ requestHandler: handler });
});

// Else the SDK would ask for the checksum of the parts' checksums.
const whole = { ChecksumAlgorithm: "CRC32", ChecksumType: "FULL_OBJECT" } as const;
async function start(rest: Partial<CreateMultipartUploadCommandInput> = {}): Promise<string> {
  const { UploadId } = await client.send(new CreateMultipartUploadCommand({ ...target, ...whole, ...rest }));
  return UploadId ?? "";
}
async function upload(UploadId: string, PartNumber: number, Body: Buffer): Promise<CompletedPart> {
  const { ETag } = await client.send(new UploadPartCommand({ ...target, UploadId, PartNumber, Body }));
  return { PartNumber, ETag: ETag ?? "" };
}
const complete = (
  UploadId: string,
  Parts: CompletedPart[],
  rest: Partial<CompleteMultipartUploadCommandInput> = {},
) =>
  client.send(
    new CompleteMultipartUploadCommand({ ...target, UploadId, MultipartUpload: { Parts }, ...rest }),
  );
const read = async (rest = {}) => {
  const answer = await client.send(new GetObjectCommand({ ...target, ...rest }));
  return { answer, body: Buffer.from((await answer.Body?.transformToByteArray()) ?? []) };
};

describe("a multipart upload", () => {
  it("is seen as one object once it is complete, and not before", async () => {
    const UploadId = await start({ ContentType: "text/plain", Metadata: { a: "b" } });
    // Out of order, with gaps, one of them twice.
    const parts = [await upload(UploadId, 7, small), await upload(UploadId, 2, large)];
    await upload(UploadId, 4, randomBytes(9 * MIB));
    parts.push(await upload(UploadId, 4, large));
    parts.sort((a, b) => (a.PartNumber ?? 0) - (b.PartNumber ?? 0));
    expect((await send(handler, "GET", path)).code).toBe("NoSuchKey");
    const listed = await send(handler, "GET", "/bucket", { query: { "list-type": "2" } });
    expect(listed.body.toString()).not.toContain("<Contents>");

    const { ETag } = await complete(UploadId, parts);
    const digests = [large, large, small].map((part) => createHash("md5").update(part).digest());
    const expected = `"${createHash("md5").update(Buffer.concat(digests)).digest("hex")}-3"`;
    expect(ETag).toBe(expected);
    const { answer, body } = await read();
    expect(body.equals(Buffer.concat([large, large, small]))).toBe(true);
    expect(answer).toMatchObject({ ETag: expected, ContentType: "text/plain", Metadata: { a: "b" } });
    const range = await read({ Range: `bytes=${6 * MIB - 3}-${6 * MIB + 2}` });
    expect(range.body.equals(Buffer.concat([large.subarray(-3), large.subarray(0, 3)]))).toBe(true);
    expect(await leftovers(directory)).toEqual([]);
    await expect(complete(UploadId, parts)).rejects.toMatchObject({ name: "NoSuchUpload" });
  });

  it("leaves nothing when its object is overwritten or deleted", async () => {
    for (const method of ["PUT", "DELETE"]) {
      const UploadId = await start();
      const unused = await upload(UploadId, 1, large);
      await complete(UploadId, [await upload(UploadId, 2, large)]);
      expect(unused.ETag).toBeDefined();
      expect(await leftovers(directory)).toEqual([]);
      await send(handler, method, path);
      expect(await leftovers(directory)).toEqual([]);
      expect((await send(handler, "GET", path)).body.length).toBeLessThan(1000);
    }
  });

  it("leaves nothing when it is aborted", async () => {
    const UploadId = await start();
    await upload(UploadId, 1, large);
    await client.send(new AbortMultipartUploadCommand({ ...target, UploadId }));
    expect(await leftovers(directory)).toEqual([]);
    const gone = { name: "NoSuchUpload", $metadata: { httpStatusCode: 404 } };
    await expect(client.send(new AbortMultipartUploadCommand({ ...target, UploadId }))).rejects.toMatchObject(
      gone,
    );
    await expect(upload(UploadId, 1, small)).rejects.toMatchObject(gone);
  });

  it("belongs to its key", async () => {
    const UploadId = await start();
    const other = { Bucket: "bucket", Key: "other", UploadId };
    await expect(client.send(new AbortMultipartUploadCommand(other))).rejects.toMatchObject({
      name: "NoSuchUpload",
    });
    await expect(
      client.send(new AbortMultipartUploadCommand({ ...other, UploadId: "../x" })),
    ).rejects.toMatchObject({ name: "NoSuchUpload" });
  });

  it("refuses what does not fit, and can be completed afterwards", async () => {
    const UploadId = await start();
    const first = await upload(UploadId, 1, small);
    const second = await upload(UploadId, 2, large);
    const third = await upload(UploadId, 3, small);
    const refused = (name: string) => ({ name, $metadata: { httpStatusCode: 400 } });
    await expect(complete(UploadId, [first, second])).rejects.toMatchObject(refused("EntityTooSmall"));
    await expect(complete(UploadId, [third, second])).rejects.toMatchObject(refused("InvalidPartOrder"));
    await expect(complete(UploadId, [second, second])).rejects.toMatchObject(refused("InvalidPartOrder"));
    await expect(complete(UploadId, [second, { PartNumber: 4, ETag: "x" }])).rejects.toMatchObject(
      refused("InvalidPart"),
    );
    await expect(complete(UploadId, [{ PartNumber: 2, ETag: first.ETag }])).rejects.toMatchObject(
      refused("InvalidPart"),
    );
    await expect(complete(UploadId, [])).rejects.toMatchObject(refused("MalformedXML"));
    await expect(complete(UploadId, [second, third], { MpuObjectSize: 5 })).rejects.toMatchObject({
      name: "NotImplemented",
    });
    for (const partNumber of ["0", "10001", "x"]) {
      const answer = await send(handler, "PUT", path, {
        query: { uploadId: UploadId, partNumber },
        body: "x",
      });
      expect(answer.code).toBe("InvalidArgument");
    }
    await complete(UploadId, [second, third]);
    expect((await read()).body.length).toBe(large.length + small.length);
    expect(await leftovers(directory)).toEqual([]);
  });

  it("is completed under conditions", async () => {
    const UploadId = await start();
    const part = await upload(UploadId, 1, small);
    await send(handler, "PUT", path, { body: "old" });
    await expect(complete(UploadId, [part], { IfNoneMatch: "*" })).rejects.toMatchObject({
      name: "PreconditionFailed",
    });
    await expect(complete(UploadId, [part], { IfMatch: '"0"' })).rejects.toMatchObject({
      name: "PreconditionFailed",
    });
    expect((await send(handler, "GET", path)).body.toString()).toBe("old");
    await complete(UploadId, [part], { IfMatch: (await send(handler, "HEAD", path)).headers["etag"] });
    expect((await read()).body.equals(small)).toBe(true);
  });

  it("has the CRC32 of the whole, though it came with none of its parts", async () => {
    const UploadId = await start();
    const parts: CompletedPart[] = [];
    for (const [index, body] of [large, small].entries()) {
      const query = { uploadId: UploadId, partNumber: String(index + 1) };
      const { headers } = await send(handler, "PUT", path, { query, body });
      const ChecksumCRC32 = headers["x-amz-checksum-crc32"];
      parts.push({ PartNumber: index + 1, ETag: headers["etag"], ChecksumCRC32 });
    }
    expect(parts.map(({ ChecksumCRC32 }) => ChecksumCRC32)).toEqual(
      [large, small].map((body) => crc32Text(crc32(body))),
    );
    const wrong = parts.map((part) => ({ ...part, ChecksumCRC32: "AAAAAA==" }));
    await expect(complete(UploadId, wrong)).rejects.toMatchObject({ name: "InvalidPart" });
    await expect(complete(UploadId, parts, { ChecksumCRC32: "AAAAAA==" })).rejects.toMatchObject({
      name: "BadDigest",
    });
    const expected = crc32Text(crc32(small, crc32(large)));
    await complete(UploadId, parts, { ChecksumCRC32: expected });
    const head = await client.send(new HeadObjectCommand({ ...target, ChecksumMode: "ENABLED" }));
    expect(head).toMatchObject({ ChecksumType: "FULL_OBJECT", ChecksumCRC32: expected });
  });

  it.each([
    { ChecksumType: "COMPOSITE" },
    { ChecksumType: undefined },
    { ChecksumAlgorithm: "CRC32C" },
    { ChecksumAlgorithm: "CRC64NVME" },
    { ChecksumAlgorithm: "SHA256", ChecksumType: "COMPOSITE" },
  ] as const)("is not begun with the checksum %j", async (other) => {
    await expect(start(other)).rejects.toMatchObject({ name: "NotImplemented" });
  });

  it("copies a range of its source, and no other than it has", async () => {
    await send(handler, "PUT", "/bucket/source", { body: "0123456789" });
    const UploadId = await start();
    const copyPart = async (range: string) => {
      const query = { uploadId: UploadId, partNumber: "1" };
      const headers = { "x-amz-copy-source": "bucket/source", "x-amz-copy-source-range": range };
      return send(handler, "PUT", path, { query, headers });
    };
    for (const range of ["bytes=2-10", "bytes=5-", "bytes=-3", "bytes=7-5", "2-5"])
      expect(await copyPart(range)).toMatchObject({ status: 400, code: "InvalidArgument" });
    const { body } = await copyPart("bytes=2-9");
    const ETag = `"${createHash("md5").update("23456789").digest("hex")}"`;
    expect(body.toString()).toContain(`<ETag>${ETag.replaceAll('"', "&quot;")}</ETag>`);
    await complete(UploadId, [{ PartNumber: 1, ETag }]);
    expect((await read()).body.toString()).toBe("23456789");
  });

  it("takes no other checksums of its parts", async () => {
    const UploadId = await start();
    const part = await upload(UploadId, 1, small);
    await expect(complete(UploadId, [{ ...part, ChecksumSHA256: "x" }])).rejects.toMatchObject({
      name: "NotImplemented",
    });
    await complete(UploadId, [part]);
    expect((await read()).body.equals(small)).toBe(true);
  });

  it("is complete with the parts that it names, whoever uploads one at that moment", async () => {
    for (let round = 0; round < 20; round++) {
      const UploadId = await start();
      const part = await upload(UploadId, 1, small);
      const other = Buffer.alloc(1000, round);
      const [completed, uploaded] = await Promise.allSettled([
        complete(UploadId, [part]),
        upload(UploadId, 1, other),
      ]);
      const won = completed.status === "fulfilled";
      // Either the part was replaced first, and is no longer the one named, or the upload was complete first.
      expect([won, uploaded.status === "fulfilled"]).toEqual(won ? [true, false] : [false, true]);
      if (won) expect((await read()).body.equals(small)).toBe(true);
      else await client.send(new AbortMultipartUploadCommand({ ...target, UploadId }));
    }
    expect(await leftovers(directory)).toEqual([]);
  });
});
