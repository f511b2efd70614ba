// npm run example [-- ACCESS_KEY SECRET_KEY BUCKET]
const { withBucket } = require("./open-bucket.js");

withBucket((bucketMap) => {
  bucketMap.testKey = "some value";
  console.log(`bucketMap[testKey] = '${bucketMap.testKey}'`);
  console.log(`testKey in bucketMap = ${"testKey" in bucketMap}`);
  console.log(`testKey2 in bucketMap = ${"testKey2" in bucketMap}`);
  bucketMap.anotherTestKey = "another value";
  for (const key in bucketMap) console.log(`key = ${key}`);
});
