// documents.js [local|http|service] [TURNS]: do many processes that edit one live document at once lose an edit, or make one
// twice? In eight processes, each sets a field of its own and pushes to one array, TURNS (200) times; then again with 5 %
// of the answers reset after they were carried out (not with "local", which has no answers). "service" is the bucket
// S3BUCKETMAP_SPEC_BUCKET at AWS_ENDPOINT_URL_S3. An edit that failed and did not happen is made again; one that may have
// happened is not: its process is unsure of it. Fails where an acknowledged edit is missing, one is there twice or out of
// its process's order, or one is there of which its process knows that it did not happen, and where anybody is unsure
// without resets.
const { asObject, S3BucketMap, S3BucketMapError } = require("../dist/index.js");
const { json, live } = require("../dist/layers/index.js");
const { withPlace } = require("./races/places.js");
const { startTogether } = require("./races/processes.js");
const { startResettingProxy } = require("./races/proxy.js");

const PROCESSES = 8;
const RESET = 0.05;

const [role = "local", ...rest] = process.argv.slice(2);
if (role === "editor") editor(JSON.parse(String(rest[0])));
else void main(role, Number(rest[0] ?? 200));

/**
 * @typedef {import("./races/places.js").Where} Where
 * @param {Where} where
 */
function documents({ bucket, options }) {
  const map = /** @type {S3BucketMap} */ (new S3BucketMap(bucket, options));
  return asObject(live(json(map)));
}

/** @param {{ where: Where, turns: number, name: string }} task */
function editor({ where, turns, name }) {
  const map = documents(where);
  void ("start" in map); // The worker thread is up when the race begins.
  process.once("message", () => {
    const report = {
      pushed: /** @type {string[]} */ ([]),
      unsurePushes: /** @type {string[]} */ ([]),
      /** What the field may have at the end. */
      last: /** @type {number[]} */ ([]),
      again: 0,
      unsure: /** @type {string[]} */ ([]),
    };
    let document = map.shared;
    /** @param {() => void} edit @returns {boolean} whether it is known to have happened */
    const attempt = (edit) => {
      for (;;) {
        try {
          edit();
          return true;
        } catch (error) {
          if (!(error instanceof S3BucketMapError)) throw error;
          if (error.message.includes("may still have happened")) {
            report.unsure.push(String(error));
            document = read();
            return false;
          }
          report.again += 1;
        }
      }
    };
    const read = () => {
      for (;;) {
        try {
          return map.shared;
        } catch (error) {
          if (!(error instanceof S3BucketMapError)) throw error;
          report.again += 1;
        }
      }
    };
    for (let turn = 1; turn <= turns; turn += 1) {
      if (attempt(() => (document[name] = turn))) report.last = [turn];
      else report.last.push(turn);
      const pushed = `${name}:${turn}`;
      (attempt(() => document.list.push(pushed)) ? report.pushed : report.unsurePushes).push(pushed);
    }
    /** @type {any} */ (process).send(report, () => process.disconnect());
  });
  /** @type {any} */ (process).send("ready");
}

/**
 * @param {string} kind
 * @param {Where} where
 * @param {number} turns
 * @param {Where} [through] where the editors go instead, by way of resets
 */
async function race(kind, where, turns, through) {
  const map = documents(where);
  map.shared = { list: [] };
  const names = Array.from({ length: PROCESSES }, (_, i) => `p${i}`);
  const { reports: done, seconds } = await startTogether(
    __filename,
    names.map((name) => ["editor", JSON.stringify({ where: through ?? where, turns, name })]),
  );

  const shared = JSON.parse(JSON.stringify(map.shared));
  const wrong = names.flatMap((name, at) => problemsOf(name, done[at], shared));
  const unsure = done.flatMap((report) => report.unsure);
  if (through === undefined) wrong.push(...unsure);
  const pushed = done.reduce((sum, report) => sum + report.pushed.length, 0);
  const again = done.reduce((sum, report) => sum + report.again, 0);
  delete map.shared;
  console.log(
    `${kind}: ${PROCESSES} processes, ${shared.list.length} elements, ${pushed} pushes acknowledged of ${PROCESSES * turns}, ` +
      `${again} edits made again, ${unsure.length} unsure, wrong: ${wrong.length}, ${seconds} s`,
  );
  for (const line of wrong.slice(0, 10)) console.log(`  ${line}`);
  if (wrong.length > 0) process.exitCode = 1;
}

/**
 * @param {string} name
 * @param {{ pushed: string[], unsurePushes: string[], last: number[] }} report
 * @param {{ list: string[], [name: string]: unknown }} shared
 */
function problemsOf(name, { pushed, unsurePushes, last }, shared) {
  /** @type {string[]} */
  const wrong = [];
  const mine = shared.list.filter((element) => element.startsWith(`${name}:`));
  const turns = mine.map((element) => Number(element.slice(name.length + 1)));
  for (const element of pushed) if (!mine.includes(element)) wrong.push(`${element} is lost`);
  if (new Set(mine).size < mine.length) wrong.push(`${name} has elements twice`);
  if (turns.some((turn, at) => at > 0 && turn < Number(turns[at - 1]))) wrong.push(`${name} is out of order`);
  for (const element of mine) {
    if (!pushed.includes(element) && !unsurePushes.includes(element))
      wrong.push(`${element} is there, and was said not to have happened`);
  }
  if (!last.includes(Number(shared[name])))
    wrong.push(`${name} is ${String(shared[name])}, not ${last.join(" or ")}`);
  return wrong;
}

/** @param {string} kind @param {number} turns */
async function main(kind, turns) {
  await withPlace(kind, async (where) => {
    await race(kind, where, turns);
    if (kind === "local") return;
    const proxy = await startResettingProxy(String(where.options.endpoint), RESET);
    const through = { ...where, options: { ...where.options, endpoint: proxy.endpoint } };
    await race(`${kind}, 5 % of the answers reset`, where, turns, through);
    const { answers, resets } = proxy.counts();
    console.log(`  ${resets} of ${answers} answers were reset`);
    proxy.close();
    if (resets === 0) process.exitCode = 1;
  });
}
