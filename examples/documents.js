// npm run example:documents [-- ACCESS_KEY SECRET_KEY BUCKET]
// A store of JSON documents: plain objects in, plain objects out.
const { asMap, asObject } = require("s3bucketmap");
const { edit, json } = require("s3bucketmap/layers");
const { withBucket } = require("./open-bucket.js");

void withBucket((bucket) => {
  /** @type {import("s3bucketmap").BucketObject<{ name: string, visits: number, tags: string[] }>} */
  const users = asObject(json(asMap(bucket).subMap("users/")));
  users.ann = { name: "Ann", visits: 1, tags: ["new"] };
  users.bob = { name: "Bob", visits: 7, tags: [] };
  for (const [id, user] of Object.entries(users)) console.log(`${id}: ${user?.name} [${user?.tags}]`);

  // What is stored is JSON, for whoever reads it.
  console.log(`stored: ${bucket["users/bob"]}`);

  // A value that was read is a copy: changing it would not reach S3, and so throws.
  try {
    if (users.ann !== undefined) users.ann.visits += 1;
  } catch (error) {
    console.log(String(error).split(": ")[1]);
  }
  // This does, and loses no change that another program makes at the same time.
  edit(users, "ann", (ann) => {
    if (ann === undefined) return; // there is no such key
    ann.visits += 1;
    ann.tags.push("regular");
  });
  console.log(`ann: ${users.ann?.visits} visits [${users.ann?.tags}]`);

  // What JSON would lose silently is refused, and nothing is stored.
  try {
    Object.assign(users, { eve: { name: "Eve", born: new Date(0) } });
  } catch (error) {
    console.log(String(error).split(": ")[1]?.split(". ")[0]);
  }
  console.log(`eve in users = ${"eve" in users}`);
});
