// @ts-check
// What a thread does next, at random.
const { loops } = require("./loops.js");
const { reads } = require("./reads.js");
const { buffered } = require("./pending.js");
const { writes } = require("./writes.js");

/** @typedef {import("./thread.js").Thread} Thread */
/** @typedef {(thread: Thread, view: import("./views.js").View) => void} Step */

/** @param {Thread} thread @param {number} [share] of writes */
function simple(thread, share = thread.writes) {
  thread.oneOf(thread.chance(share) ? writes : reads)(thread, thread.view());
}

/** With `deasync`, a timer's call comes in the middle of a wait. @param {Thread} thread */
function mayNest(thread) {
  if (!thread.nests || thread.rec.depth > 2 || !thread.chance(0.15)) return;
  setTimeout(() => {
    thread.rec.depth += 1;
    try {
      simple(thread);
    } catch (error) {
      // An error that nobody catches in the middle of a wait would abort the process without a word.
      thread.rec.unexpected.push(`${thread.rec.by}: ${String(/** @type {any} */ (error)?.stack)}`);
    }
    thread.rec.depth -= 1;
  }, 1);
}

/** @param {Thread} thread */
function step(thread) {
  mayNest(thread);
  const kind = thread.random();
  if (kind < 0.05) buffered(thread, thread.view(thread.buffers));
  else if (kind < 0.05 + thread.writes || kind < 0.3) simple(thread);
  else thread.oneOf(loops)(thread, thread.view(), () => pause(thread));
}

/** In the middle of a loop. @param {Thread} thread */
function pause(thread) {
  mayNest(thread);
  const kind = thread.random();
  // Mostly what does not write: a write of its own makes the library forget what it read early.
  if (kind < 0.2)
    for (let calls = 1 + Math.floor(3 * thread.random()); calls > 0; calls -= 1) simple(thread, 0.05);
  else if (kind < 0.24) thread.rec.away(() => sleep(5.5 + 4 * thread.random()));
}

const cell = new Int32Array(new SharedArrayBuffer(4));
/** @param {number} ms */
function sleep(ms) {
  Atomics.wait(cell, 0, 0, ms);
}

module.exports = { step };
