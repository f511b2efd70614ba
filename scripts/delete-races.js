// delete-races.js [local|http|service] [RACES] [--look-first]: does a conditional delete lose what another program sets
// at the same time? RACES (300) times, one process deletes a key by `update` where it still has the value "old", and
// another sets it to "new" in the same moment. Fails where both were acknowledged and "new" is not there. A service
// whose conditional deletes are refused deletes nothing, and loses nothing. With --look-first the deleter reads the key
// and then deletes whatever is there, as no program should: it shows that these races can be lost.
const { fork } = require("node:child_process");
const { S3BucketMap, S3BucketMapError } = require("../dist/index.js");
const { withPlace } = require("./races/places.js");

/** @typedef {import("./races/places.js").Where} Where */
/** @typedef {"deleted" | "too late" | "refused" | "unsure" | "set"} Outcome */

const [role = "local", ...rest] = process.argv.slice(2);
if (role === "setter" || role === "deleter") racer(role, JSON.parse(String(rest[0])));
else void main(role, Number(rest.find((argument) => /^\d+$/.test(argument)) ?? 300));

/** @param {"setter" | "deleter"} role @param {{ where: Where, lookFirst: boolean }} task */
function racer(role, { where, lookFirst }) {
  const map = new S3BucketMap(where.bucket, where.options);
  const tooLate = new Error("somebody else has written");
  /** @param {string} key @returns {Outcome} */
  const remove = (key) => {
    if (lookFirst) {
      if (map.get(key) !== "old") return "too late";
      map.delete(key);
      return "deleted";
    }
    try {
      map.update(key, (value) => {
        if (value !== "old") throw tooLate;
        return undefined;
      });
      return "deleted";
    } catch (error) {
      if (error === tooLate) return "too late";
      if (!(error instanceof S3BucketMapError)) throw error;
      if (error.code === "ConditionsUnsupported") return "refused";
      if (error.message.includes("may still have happened")) return "unsure";
      throw error;
    }
  };
  /** @param {string} key @returns {Outcome} */
  const set = (key) => {
    map.set(key, "new");
    return "set";
  };
  const asleep = new Int32Array(new SharedArrayBuffer(4));
  process.on("message", (/** @type {{ key: string, delayMs: number }} */ { key, delayMs }) => {
    Atomics.wait(asleep, 0, 0, delayMs);
    const started = performance.now();
    const outcome = role === "setter" ? set(key) : remove(key);
    /** @type {any} */ (process).send({ outcome, ms: performance.now() - started });
  });
  map.has("start"); // The worker thread is up when the race begins.
  /** @type {any} */ (process).send("ready");
}

/** @param {string} kind @param {number} races */
async function main(kind, races) {
  const lookFirst = rest.includes("--look-first");
  await withPlace(kind, async (where) => {
    const map = new S3BucketMap(where.bucket, where.options);
    const task = JSON.stringify({ where, lookFirst });
    const racers = ["setter", "deleter"].map((role) => fork(__filename, [role, task]));
    /** @param {import("node:child_process").ChildProcess} child @returns {Promise<any>} */
    const heard = (child) =>
      new Promise((resolve, reject) => {
        /** @param {number | null} code */
        const ended = (code) => reject(new Error(`a racer ended with ${code}`));
        child.once("exit", ended);
        child.once("message", (message) => {
          child.off("exit", ended);
          resolve(message);
        });
      });
    await Promise.all(racers.map(heard));
    const counts = { deleted: 0, "too late": 0, refused: 0, unsure: 0 };
    let lost = 0;
    let usualMs = 0;
    const keys = Array.from({ length: races }, (_, race) => `key ${race}`);
    map.setMany(keys.map((key) => [key, "old"]));
    for (const key of keys) {
      const both = racers.map(heard);
      // The set comes at any moment of the deletion.
      racers.forEach((racer, at) => racer.send({ key, delayMs: at === 0 ? Math.random() * usualMs : 0 }));
      const [, deleted] = await Promise.all(both);
      usualMs = usualMs === 0 ? deleted.ms : 0.8 * usualMs + 0.2 * deleted.ms;
      counts[/** @type {keyof typeof counts} */ (deleted.outcome)] += 1;
      if (map.get(key) !== "new") lost += 1;
    }
    for (const racer of racers) racer.disconnect();
    map.clear();
    const outcomes = Object.entries(counts).map(([outcome, count]) => `${count} ${outcome}`);
    console.log(`${kind}: ${races} deletions against sets: ${outcomes.join(", ")}; lost: ${lost}`);
    if (lost > 0) process.exitCode = 1;
  });
}
