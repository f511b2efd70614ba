/**
 * The specs against a real S3 service: `npm run test:service`. AWS_ENDPOINT_URL_S3, AWS_REGION and credentials
 * in the environment say which; S3BUCKETMAP_SPEC_BUCKET names a bucket, in which the specs keep to a
 * prefix of their own and clear it. S3BUCKETMAP_SPEC_CANNOT names, with commas, what the service cannot do, as
 * spec/support/service.ts explains; the specs then want the library's refusal. docs/services.md tells of services.
 *
 * @type {import("jest").Config}
 */
module.exports = {
  ...require("./jest.config.js"),
  roots: ["<rootDir>/spec/service"],
  testPathIgnorePatterns: ["/node_modules/"],
};
