// @ts-check
// What a thread does next, at random.
const { loops } = require("./loops.js");
const { reads } = require("./reads.js");
const { buffered } = require("./pending.js");
const { writes } = require("./writes.js");

/** @typedef {import("./thread.js").Thread} Thread */
/** @typedef {(thread: Thread, view: import("./views.js").View) => void} Step */

/** @param {Thread} thread */
function simple(thread) {
  thread.oneOf(thread.chance(0.5) ? reads : writes)(thread, thread.view());
}

/** With `deasync`, a timer's call comes in the middle of a wait. @param {Thread} thread */
function mayNest(thread) {
  if (!thread.nests || thread.depth > 2 || !thread.chance(0.15)) return;
  setTimeout(() => {
    thread.depth += 1;
    try {
      simple(thread);
    } catch (error) {
      // An error that nobody catches in the middle of a wait would abort the process without a word.
      thread.rec.unexpected.push(`${thread.rec.by}: ${String(/** @type {any} */ (error)?.stack)}`);
    }
    thread.depth -= 1;
  }, 1);
}

/** @param {Thread} thread */
function step(thread) {
  mayNest(thread);
  const kind = thread.random();
  if (kind < 0.4) simple(thread);
  else if (kind < 0.94) thread.oneOf(loops)(thread, thread.view(), () => pause(thread));
  else buffered(thread, thread.view(thread.buffers));
}

/** In the middle of a loop. @param {Thread} thread */
function pause(thread) {
  mayNest(thread);
  const kind = thread.random();
  if (kind < 0.1) simple(thread);
  else if (kind < 0.14) thread.rec.away(() => sleep(5.5 + 4 * thread.random()));
}

const cell = new Int32Array(new SharedArrayBuffer(4));
/** @param {number} ms */
function sleep(ms) {
  Atomics.wait(cell, 0, 0, ms);
}

module.exports = { step };
