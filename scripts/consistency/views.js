// @ts-check
// The ways in which a thread sees the bucket: by several names of one place, and through layers.
const { asObject, S3BucketMap } = require("../../dist/index.js");
const { cache, gzip, json, writeBuffer } = require("../../dist/layers/index.js");

/** ms: how old what this cache gives may be */
const TTL = 40;

/**
 * @typedef {object} Root
 * @property {boolean} isBuffer
 * @property {string} name
 * @property {string} space
 * @property {any} map
 * @property {number} ttl ns
 * @property {Map<string, { begin: number, end: number }[]>} touches by key, when the cache may have learnt of it
 * @property {Map<string, { id: string, end: number }>} written by key, the last write that went through the cache
 *
 * @typedef {{ begin: number, used: number, keys?: readonly string[], after?: string | undefined }} Listed
 * @typedef {Root & { prefix: string, object: any, listings: Listed[] }} View of one round
 * @typedef {{ bucket: string, prefix: string, options: object, names: object[], deletesOnCondition: boolean }} Where
 */

/** @param {Where} where @param {"atomics" | "deasync"} wait */
function makeRoots({ bucket, prefix, options, names }, wait) {
  /** @param {number} name @param {object} [more] */
  const map = (name, more) =>
    new S3BucketMap(bucket, { prefix, wait, ...options, ...names[name % names.length], ...more });
  const bytes = (/** @type {number} */ name) => /** @type {any} */ (map(name, { readAs: "bytes" }));
  /** @param {string} name @param {string} space @param {any} over @param {number} [ttl] @returns {Root} */
  const root = (name, space, over, ttl = 0) => ({
    name,
    space,
    map: over,
    ttl: ttl * 1e6,
    isBuffer: name.startsWith("writeBuffer"),
    touches: new Map(),
    written: new Map(),
  });
  const plain = [0, 1, 2].map((name) => root(`name ${name}`, "p", map(name)));
  return {
    roots: [
      ...plain,
      ...plain,
      root("cache", "p", cache(map(1))),
      root("cache with ttl", "p", cache(map(0), { ttl: TTL }), TTL),
      root("json", "j", json(map(2))),
      root("json(cache)", "j", json(cache(map(0)))),
      root("cache(json)", "j", cache(json(map(1)))),
      root("json(gzip)", "g", json(gzip(bytes(0)))),
      root("json(cache(gzip))", "g", json(cache(gzip(bytes(1))))),
    ],
    buffers: [
      root("writeBuffer", "p", writeBuffer(map(0))),
      root("writeBuffer(cache)", "p", writeBuffer(cache(map(1)))),
    ],
  };
}

/** @type {WeakMap<Root, View>} */
const current = new WeakMap();

/** What a root shows of a round. @param {Root} root @param {number} round @returns {View} */
function viewOf(root, round) {
  const prefix = `${root.space}/${round}/`;
  const last = current.get(root);
  if (last?.prefix === prefix) return last;
  const map = root.map.subMap(prefix);
  const view = { ...root, prefix, map, object: asObject(map), listings: [] };
  current.set(root, view);
  return view;
}

module.exports = { makeRoots, viewOf };
