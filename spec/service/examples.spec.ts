import { examples, runExample } from "../support/examples.js";
import { cannot } from "../support/service.js";

jest.setTimeout(120_000);

/** They create or update. */
const wantConditions: readonly string[] = ["counter.js", "documents.js", "backup.js"];

describe.each(examples)("examples/%s", (example, output) => {
  const {
    AWS_ACCESS_KEY_ID: key = "",
    AWS_SECRET_ACCESS_KEY: secret = "",
    S3BUCKETMAP_SPEC_BUCKET: bucket = "",
  } = process.env;

  if (cannot("conditional-put") && wantConditions.includes(example)) {
    it("is told that the service lacks conditions", () => {
      const { stdout, stderr } = runExample(example, [key, secret, bucket]);
      expect(stderr).toMatch(/^S3BucketMapError: Cannot (create|update) .*: ConditionsUnsupported: /m);
      expect(stdout).not.toBe(output);
    });
  } else {
    it("prints the same from a service", () => {
      expect(runExample(example, [key, secret, bucket])).toEqual({ status: 0, stdout: output, stderr: "" });
    });
  }
});
