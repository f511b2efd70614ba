// npm run example:longer [-- ACCESS_KEY SECRET_KEY BUCKET]
const { asMap, asObject } = require("s3bucketmap");
const { withBucket } = require("./open-bucket.js");

withBucket((bucketMap) => {
  // A sub-map is the part of the bucket whose keys begin with a prefix, and leaves that out of their names.
  const subMap = asObject(asMap(bucketMap).subMap("subprefix/"));
  subMap.testKey = "a value under a prefix";
  console.log(`subMap.testKey = '${subMap.testKey}'`);
  console.log(`bucketMap["subprefix/testKey"] = '${bucketMap["subprefix/testKey"]}'`);
  console.log(`bucketMap.testKey = ${bucketMap.testKey}`);

  // Deleting makes sure that a key is gone; one that was never there is no error.
  console.log(`delete bucketMap.notThere = ${delete bucketMap.notThere}`);

  // Keys are any Unicode: "ú" takes two of the 1024 bytes that S3 gives to a key.
  bucketMap["Jesús"] = "a value under a key with ú";
  console.log(`bucketMap["Jesús"] = '${bucketMap["Jesús"]}'`);

  const longKey = "k".repeat(780);
  bucketMap[longKey] = "a value under a long key";
  console.log(`the value of a key of ${longKey.length} bytes = '${bucketMap[longKey]}'`);

  bucketMap.testKey = "some value";
  bucketMap.testKey = "some other value";
  console.log(`overwritten, bucketMap.testKey = '${bucketMap.testKey}'`);

  // A listing comes in the order of the keys' UTF-8 bytes.
  console.log(`${asMap(bucketMap).size} keys:`);
  for (const [key, value] of Object.entries(bucketMap)) {
    console.log(`  ${key.length > 40 ? `${key.slice(0, 40)}…` : key} = '${value}'`);
  }
  console.log(`under "subprefix/": ${Object.keys(subMap).join(", ")}`);

  for (const key in bucketMap) delete bucketMap[key];
  console.log(`after deleting each: ${asMap(bucketMap).size} keys`);
});
