import { createHash, randomBytes } from "node:crypto";
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  PutObjectCommand,
  UploadPartCommand,
  UploadPartCopyCommand,
  type CompletedPart,
  type CompleteMultipartUploadCommandInput,
  type CreateMultipartUploadCommandInput,
  type S3Client,
} from "@aws-sdk/client-s3";
import type { LocalS3Handler } from "../../lib/local/handler.js";
import { createChecksum } from "../../lib/local/body/checksums.js";
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

async function start(rest: Partial<CreateMultipartUploadCommandInput> = {}): Promise<string> {
  const { UploadId } = await client.send(new CreateMultipartUploadCommand({ ...target, ...rest }));
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
    expect((await send(handler, "GET", "/bucket")).body.toString()).not.toContain("<Contents>");

    const { ETag } = await complete(UploadId, parts);
    const digests = [large, large, small].map((part) => createHash("md5").update(part).digest());
    const expected = `"${createHash("md5").update(Buffer.concat(digests)).digest("hex")}-3"`;
    expect(ETag).toBe(expected);
    const { answer, body } = await read();
    expect(body.equals(Buffer.concat([large, large, small]))).toBe(true);
    expect(answer).toMatchObject({ ETag: expected, ContentType: "text/plain", Metadata: { a: "b" } });
    const range = await read({ Range: `bytes=${6 * MIB - 3}-${6 * MIB + 2}` });
    expect(range.body.equals(Buffer.concat([large.subarray(-3), large.subarray(0, 3)]))).toBe(true);
    const part = await client.send(new HeadObjectCommand({ ...target, PartNumber: 3 }));
    expect(part).toMatchObject({ ContentLength: small.length, PartsCount: 3 });
    expect((await read({ PartNumber: 3 })).body.equals(small)).toBe(true);
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
    await expect(client.send(new ListPartsCommand({ ...target, UploadId }))).rejects.toMatchObject(gone);
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
    await expect(complete(UploadId, [second, third], { MpuObjectSize: 5 })).rejects.toMatchObject(
      refused("InvalidRequest"),
    );
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

  it.each([
    ["CRC32", "COMPOSITE"],
    ["CRC32C", "COMPOSITE"],
    ["SHA256", "COMPOSITE"],
    ["CRC32", "FULL_OBJECT"],
    ["CRC64NVME", "FULL_OBJECT"],
  ] as const)("has a checksum %s, %s", async (ChecksumAlgorithm, ChecksumType) => {
    const UploadId = await start({ ChecksumAlgorithm, ChecksumType });
    // Without a checksum of the client's own, which for CRC64NVME needs a native package.
    const parts: CompletedPart[] = [];
    for (const [index, body] of [large, small].entries()) {
      const answer = await send(handler, "PUT", path, {
        query: { uploadId: UploadId, partNumber: String(index + 1) },
        body,
      });
      const name = `x-amz-checksum-${ChecksumAlgorithm.toLowerCase()}`;
      parts.push({
        PartNumber: index + 1,
        ETag: answer.headers["etag"],
        [`Checksum${ChecksumAlgorithm}`]: answer.headers[name],
      });
    }
    await complete(UploadId, parts);
    const algorithm = ChecksumAlgorithm.toLowerCase() as "crc32";
    const digestOf = (...pieces: Buffer[]) => {
      const checksum = createChecksum(algorithm);
      for (const piece of pieces) checksum.update(piece);
      return checksum.digest();
    };
    const expected =
      ChecksumType === "FULL_OBJECT"
        ? digestOf(large, small).toString("base64")
        : `${digestOf(digestOf(large), digestOf(small)).toString("base64")}-2`;
    const head = await client.send(new HeadObjectCommand({ ...target, ChecksumMode: "ENABLED" }));
    expect(head).toMatchObject({ ChecksumType, [`Checksum${ChecksumAlgorithm}`]: expected });
    const wrong = parts.map((part) => ({ ...part, [`Checksum${ChecksumAlgorithm}`]: "AAAAAA==" }));
    const again = await start({ ChecksumAlgorithm, ChecksumType });
    await expect(complete(again, wrong)).rejects.toMatchObject({ name: "InvalidPart" });
  });

  it("takes copies for its parts", async () => {
    await client.send(new PutObjectCommand({ Bucket: "bucket", Key: "source", Body: large }));
    const UploadId = await start();
    const copy = async (PartNumber: number, CopySourceRange?: string) => {
      const input = { ...target, UploadId, PartNumber, CopySource: "bucket/source", CopySourceRange };
      const { CopyPartResult } = await client.send(new UploadPartCopyCommand(input));
      return { PartNumber, ETag: CopyPartResult?.ETag };
    };
    await complete(UploadId, [await copy(1), await copy(2, "bytes=5-9")]);
    expect((await read()).body.equals(Buffer.concat([large, large.subarray(5, 10)]))).toBe(true);
  });

  it("lists its parts by pages", async () => {
    const UploadId = await start();
    for (const number of [1, 3, 10]) await upload(UploadId, number, small);
    const first = await client.send(new ListPartsCommand({ ...target, UploadId, MaxParts: 2 }));
    expect(first).toMatchObject({
      IsTruncated: true,
      NextPartNumberMarker: "3",
      Parts: [{ PartNumber: 1, Size: 1000 }, { PartNumber: 3 }],
    });
    const second = await client.send(
      new ListPartsCommand({ ...target, UploadId, PartNumberMarker: first.NextPartNumberMarker }),
    );
    expect(second).toMatchObject({ IsTruncated: false, Parts: [{ PartNumber: 10 }] });
  });

  it("is listed by pages while it is under way", async () => {
    const ids: (string | undefined)[] = [];
    for (const Key of ["a", "b", "b", "c"])
      ids.push((await client.send(new CreateMultipartUploadCommand({ Bucket: "bucket", Key }))).UploadId);
    const found: (string | undefined)[] = [];
    let more = {};
    for (;;) {
      const page = await client.send(
        new ListMultipartUploadsCommand({ Bucket: "bucket", MaxUploads: 1, ...more }),
      );
      found.push(...(page.Uploads ?? []).map(({ UploadId }) => UploadId));
      if (!page.IsTruncated) break;
      more = { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker };
    }
    expect([...found].sort()).toEqual([...ids].sort());
    expect([found[0], found[3]]).toEqual([ids[0], ids[3]]);
    const ofB = await client.send(new ListMultipartUploadsCommand({ Bucket: "bucket", Prefix: "b" }));
    expect(ofB.Uploads).toHaveLength(2);
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
