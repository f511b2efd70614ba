// Takes the place of the worker's getObject in a copy of dist/: the key says how the worker dies.
const hold = [];

/** @type {Record<string, () => unknown>} */
const harm = {
  exit: () => process.exit(7),
  throw: () =>
    setImmediate(() => {
      throw new Error("thrown in the worker");
    }),
  rejection: () => void Promise.reject(new Error("rejected in the worker")),
  heap: () => {
    for (;;) hold.push(new Array(100_000).fill(Math.random()));
  },
  loop: () => {
    for (;;);
  },
  busy: () => {
    const until = Date.now() + 10_000;
    while (Date.now() < until);
  },
};

/** @param {unknown} _target @param {string} key */
exports.getObject = (_target, key) => {
  const [how = ""] = key.split("/").slice(-1);
  if (how in harm) {
    harm[how]?.();
    if (how !== "busy") return new Promise(() => {});
  }
  const body = new TextEncoder().encode(`value of ${key}`);
  const version = { etag: "etag", writes: [] };
  return Promise.resolve({ body, etag: '"etag"', version, lastModified: 0, kept: { metadata: {} } });
};

/** @param {unknown} target @param {{ key: string }} call */
exports.getObjectAlone = (target, { key }) => exports.getObject(target, key);
