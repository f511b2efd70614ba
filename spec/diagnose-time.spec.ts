import { S3BucketMap } from "../lib/index.js";
import { startHttpS3 } from "./support/http-s3.js";
import type { HttpS3 } from "./support/http-s3.js";

// What a diagnosis says of that for which its time was too short.

jest.setTimeout(60_000);

let server: HttpS3;
beforeAll(async () => {
  server = await startHttpS3({ latencyMs: 100 });
});
afterAll(() => server.close());

it.each(["atomics", "deasync"] as const)(
  "diagnose() says that it has not tried, or does not know, what it had no time for, with wait %s",
  (wait) => {
    const credentials = { accessKeyId: "key", secretAccessKey: "secret" };
    const { endpoint } = server;
    // Loads the SDK, which takes its time.
    new S3BucketMap("bucket", { endpoint, region: "us-east-1", credentials, wait }).diagnose({
      readOnly: true,
    });
    // A different moment is the last one each time.
    for (const timeoutMs of [700, 760, 820, 880, 940, 1000, 1060, 1120]) {
      const map = new S3BucketMap("bucket", {
        endpoint,
        region: "us-east-1",
        credentials,
        prefix: "p/",
        wait,
        timeoutMs,
      });
      let { lines } = map.diagnose();
      // On a busy machine the worker can miss the moment to report, and the calling thread reports that instead.
      for (let more = 4; more > 0 && lines[0]?.name === "diagnosis"; more -= 1) ({ lines } = map.diagnose());
      // Whether the trial key could be deleted in the rest of the time is another matter.
      expect(lines.filter(({ name, status }) => status === "failed" && name !== "left over")).toEqual([]);
      expect(lines.filter(({ text }) => /in (?:the )?0\.0 s/.test(text))).toEqual([]);
      expect(lines.filter(({ status }) => status === "unknown").length).toBeGreaterThan(1);
      expect(
        lines.filter(({ text }) => /^not tried: there was no time left$/.test(text)).length,
      ).toBeGreaterThan(0);
    }
  },
);
