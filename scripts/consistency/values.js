// @ts-check
// What is written. Each value is unique: its id names the key, the writer and a number, and all the rest follows from
// the id, so that a value that is torn, mixed or decoded wrongly is seen at once.
const { createHash } = require("node:crypto");

/** The keys of each round; they are a register each, for as long as it lasts. */
const KEYS = ["a", "b"].flatMap((folder) => [0, 1, 2, 3, 4, 5].map((at) => `${folder}/${at}`));

/** @param {string} id */
const padding = (id) => "x".repeat((Number(id.slice(id.lastIndexOf(".") + 1)) * 7919) % 251);

/** @typedef {{ encode(id: string): unknown, decode(value: any): string, text?(id: string): string }} Codec */

/** @type {Codec} */
const text = {
  encode: (id) => `${id}|${padding(id)}`,
  decode: (value) => whole(String(value).split("|")[0], (id) => text.encode(id) === value, value),
  text: (id) => `${id}|${padding(id)}`,
};
/** @type {Codec} */
const object = {
  encode: (id) => ({ id, padding: padding(id) }),
  decode: (value) => whole(value?.id, (id) => value.padding === padding(id), value),
  text: (id) => JSON.stringify(object.encode(id)),
};

/** @param {string | undefined} id @param {(id: string) => boolean} isWhole @param {unknown} value */
function whole(id, isWhole, value) {
  return id !== undefined && isWhole(id) ? id : `garbage ${JSON.stringify(value)?.slice(0, 60)}`;
}

/**
 * What stands above the map, by the first part of the key. ETags tell a value where it is stored as it is.
 * @type {Record<string, Codec & { etags: boolean }>}
 */
const SPACES = {
  p: { ...text, etags: true },
  j: { ...object, etags: true },
  g: { ...object, etags: false },
};

/** @param {string} space @param {string} id */
function etagOf(space, id) {
  const stored = String(SPACES[space]?.text?.(id));
  return `"${createHash("md5").update(stored).digest("hex")}"`;
}

/** The key that an id was written to, within its round. @param {string} id */
const keyOf = (id) => id.slice(0, id.indexOf("@"));

/** Whether it is a key on which the library tries whether a service keeps to conditions. @param {string} key */
const isTrial = (key) => key.startsWith(".s3bucketmap-check-");

module.exports = { KEYS, SPACES, etagOf, isTrial, keyOf };
