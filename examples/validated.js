// npm run example:validated [-- ACCESS_KEY SECRET_KEY BUCKET]
// Documents that fit a schema: of zod here, but valibot, arktype and others do as well.
const { asMap, asObject } = require("s3bucketmap");
const { json, validate } = require("s3bucketmap/layers");
const z = require("zod");
const { withBucket } = require("./open-bucket.js");

const User = z.object({ name: z.string().trim(), visits: z.number().int().default(0) });

void withBucket((bucket) => {
  const map = asMap(bucket).subMap("users/");
  const validated = validate(json(map), User);
  const users = asObject(validated);

  // What the schema changes is stored: the name is trimmed here, and visits are filled in.
  validated.set("ann", { name: " Ann " });
  console.log(`stored: ${map.get("ann")}, visits: ${users.ann?.visits}`);

  // A value that does not fit is refused before anything is sent.
  try {
    users.bob = { name: "Bob", visits: 1.5 };
  } catch (error) {
    if (error instanceof TypeError)
      console.log(`${error.name}: ${error.message.split(": ").slice(1, 4).join(": ")}`);
  }
  console.log(`bob in users = ${"bob" in users}`);

  // So is one that somebody else stored, when it is read.
  map.set("eve", '{"name":"Eve","visits":"many"}');
  try {
    console.log(users.eve);
  } catch (error) {
    const { code, cause } = /** @type {{ code: string, cause: { path: PropertyKey[] }[] }} */ (error);
    console.log(`${code}, at ${cause[0]?.path.join()}`);
  }
});
