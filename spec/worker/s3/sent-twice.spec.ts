import { noEnvironment } from "../../../lib/arguments/environment.js";
import { S3BucketMap } from "../../../lib/index.js";
import { DeadlinePassed } from "../../../lib/worker/deadline.js";
import { Doubt } from "../../../lib/worker/s3/attempts/doubt.js";
import { storeIf } from "../../../lib/worker/s3/conditional/conditional.js";
import { uploadInParts } from "../../../lib/worker/s3/operations/multipart-upload.js";
import { S3 } from "../../../lib/worker/s3/s3.js";
import type { Target } from "../../../lib/worker/s3/target.js";
import type { Task } from "../../../lib/worker/s3/task.js";
import { startHttpS3 } from "../../support/http-s3.js";
import type { HttpS3 } from "../../support/http-s3.js";

const key = "key";

let server: HttpS3;
let s3: S3;
let map: S3BucketMap;
beforeAll(async () => {
  server = await startHttpS3();
  const credentials = { accessKeyId: "key", secretAccessKey: "secret" };
  const options = { endpoint: server.endpoint, region: "us-east-1", credentials };
  s3 = new S3({ ...options, bucket: "bucket", concurrency: 8 }, noEnvironment);
  map = new S3BucketMap("bucket", options);
});
afterAll(async () => {
  s3.forget();
  await server.close();
});

const big = Buffer.alloc(5 * 1024 ** 2 + 1);

const writes: [string, string, (target: Target, task: Task) => Promise<unknown>][] = [
  [
    "a conditional PUT, whose second answer is 412",
    "PUT",
    (target, task) =>
      storeIf(
        target,
        {
          key,
          body: Buffer.from("new"),
          headers: { contentType: "text/plain" },
          base: {},
          prefix: "trials/",
        },
        task,
      ),
  ],
  [
    "a CompleteMultipartUpload, whose second answer is 404",
    "CompleteMultipartUpload",
    (target, task) => uploadInParts(target, { Bucket: "bucket", Key: key, Body: big }, task),
  ],
];

it.each(writes)(
  "may have happened if a proxy repeats %s, and the deadline passes",
  async (_, operation, run) => {
    server.fault({ operation, key: /^key$/, action: { twice: true } });
    // A HEAD's 403 has no body, so a GET follows.
    for (const read of ["HEAD", "GET"])
      server.fault({ operation: read, key: /^key$/, times: Infinity, action: { status: 403 } });
    // As if the time were up as soon as the write has been sent.
    let isOver = false;
    const doubt = new Doubt(undefined, () => {
      if (isOver) throw new DeadlinePassed();
      isOver = true;
    });
    const task = { signal: new AbortController().signal, doubt };
    await expect(s3.run((target) => run(target, task))).rejects.toThrow();
    expect(doubt.exists).toBe(true);
    server.clearFaults();
    expect(map.has(key)).toBe(true);
    map.delete(key);
  },
);
