// npm run example:cached [-- ACCESS_KEY SECRET_KEY BUCKET]
// A cache in front of a bucket: one that is never stale, and one that asks less often.
const { asMap, asObject } = require("s3bucketmap");
const { cache, json } = require("s3bucketmap/layers");
const { withBucket } = require("./open-bucket.js");

void withBucket((bucket) => {
  const map = asMap(bucket);
  bucket.theme = '"light"';

  // Each read asks S3 whether the value has changed, and is sent it only if it has.
  const always = asObject(json(cache(map)));
  // For a minute no read of the same key asks at all.
  const lately = asObject(json(cache(map, { ttl: 60_000, max: 100 })));
  console.log(`always: ${always.theme}, lately: ${lately.theme}`);

  bucket.theme = '"dark"'; // by another program, say
  console.log(`always: ${always.theme}, lately: ${lately.theme}`);

  // Writes go through, and are read at once.
  lately.theme = "blue";
  console.log(`always: ${always.theme}, lately: ${lately.theme}, stored: ${bucket.theme}`);
});
