// @ts-check
// One thread of the check: random calls, and a file of what they gave.
const fs = require("node:fs");
const { workerData } = require("node:worker_threads");
const { step } = require("./steps.js");
const { Thread } = require("./thread.js");
const { SPACES } = require("./values.js");

/** So many calls of the first thread, and all go on to other keys: histories that are short are checked exactly. */
const ROUND = 400;

/** Each map finds out, where nobody looks, whether its service keeps to conditions. @param {Thread} thread */
function warmUp({ roots, buffers, rec, where }) {
  for (const { space, map } of [...roots, ...buffers]) {
    const apart = map.subMap(`${space}/warm/${rec.by}/`);
    try {
      apart.create("key", SPACES[space]?.encode("key@warm.1"));
      if (where.deletesOnCondition) apart.update("key", () => undefined);
    } catch (error) {
      // A reset may leave even this in doubt.
      if (!rec.allowed.test(String(/** @type {any} */ (error).code))) throw error;
    }
  }
}

/** All threads go on to other keys when the first one does. @param {Thread} thread @param {string} file */
function followRounds(thread, file) {
  const { by, total } = thread.rec;
  const round = by === "p0t0" ? Math.floor(total / ROUND) : fs.statSync(file).size;
  if (by === "p0t0" && round !== thread.round) fs.writeFileSync(file, "x".repeat(round));
  thread.round = round;
}

/** @param {import("./thread.js").Task} task */
async function run(task) {
  const thread = new Thread(task);
  const { rec } = thread;
  warmUp(thread);
  while (rec.total < task.calls) {
    followRounds(thread, task.rounds);
    step(thread);
    if (thread.chance(0.3)) await new Promise((resolve) => setImmediate(resolve));
  }
  const { calls, errors, unexpected, unsure } = rec;
  const summary = { calls, errors, unexpected, unsure };
  fs.writeFileSync(task.file, [summary, ...rec.records].map((line) => JSON.stringify(line)).join("\n"));
  // Timers that are left would go on calling.
  process.exit();
}

void run(workerData);
