import { examples, runExample } from "../support/examples.js";

describe.each(examples)("examples/%s", (example, output) => {
  it("prints the same from a service", () => {
    const {
      AWS_ACCESS_KEY_ID: key = "",
      AWS_SECRET_ACCESS_KEY: secret = "",
      S3BUCKETMAP_SPEC_BUCKET: bucket = "",
    } = process.env;
    expect(runExample(example, [key, secret, bucket])).toEqual({ status: 0, stdout: output, stderr: "" });
  });
});
