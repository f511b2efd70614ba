import { parseLocation } from "../lib/arguments/location.js";

describe("parseLocation()", () => {
  const accessPoint = "arn:aws:s3:eu-west-1:123456789012:accesspoint/reports";
  it.each([
    ["my-bucket", { bucket: "my-bucket" }],
    ["my.bucket.example", { bucket: "my.bucket.example" }],
    ["Old_Bucket", { bucket: "Old_Bucket" }],
    ["s3://my-bucket", { bucket: "my-bucket" }],
    ["s3://my-bucket/", { bucket: "my-bucket" }],
    ["s3://my-bucket/pre/fix", { bucket: "my-bucket", prefix: "pre/fix" }],
    ["s3://my-bucket//a b%2F?#\n", { bucket: "my-bucket", prefix: "/a b%2F?#\n" }],
    [accessPoint, { bucket: accessPoint }],
    [
      "arn:aws-cn:s3:cn-north-1:123456789012:accesspoint:name",
      { bucket: "arn:aws-cn:s3:cn-north-1:123456789012:accesspoint:name" },
    ],
  ])("reads %j", (location, parsed) => {
    expect(parseLocation(location)).toEqual(parsed);
  });

  it.each([
    [undefined, "must be a bucket name, an access point ARN or"],
    [{ bucket: "my-bucket" }, "not an object"],
    ["", "is empty"],
    ["s3://", "contains no bucket name"],
    ["s3:///key", "contains no bucket name"],
    ["my-bucket/prefix", 'write "s3://my-bucket/prefix"'],
    ["https://my-bucket.s3.amazonaws.com", "the option endpoint"],
    ["S3://my-bucket", 'must be a bucket name or begin with "s3://"'],
    ["ab", "is not a bucket name"],
    ["-bucket", "is not a bucket name"],
    ["my..bucket", "is not a bucket name"],
    ["bücket", "is not a bucket name"],
    ["../bucket", "is not a bucket name"],
    ["my-bucket--usw2-az1--x-s3", "directory bucket"],
    ["s3://my-bucket--usw2-az1--x-s3/prefix", "directory bucket"],
    ["arn:aws:s3::123456789012:accesspoint/mfzwi23gnjvgw.mrap", "multi-region access point"],
    ["arn:aws:s3:::my-bucket", "is not the ARN of an access point"],
    ["arn:aws:sns:eu-west-1:123456789012:topic", "is not the ARN of an access point"],
  ])("refuses %j", (location, message) => {
    const parse = (): unknown => parseLocation(location);
    expect(parse).toThrow(TypeError);
    expect(parse).toThrow(message);
  });
});
