// races.js [local|http|service] [TURNS]: do many processes that change the same keys at once lose a write? In
// sixteen processes, `update` bumps one counter TURNS (200) times each, and `create` is tried by all for each of
// TURNS / 2 keys; then both again with 5 % of the answers reset after they were carried out (not with "local",
// which has no answers). "service" is the bucket S3BUCKETMAP_SPEC_BUCKET at AWS_ENDPOINT_URL_S3. A call that failed
// and did not happen is made again; one that may have happened is not: its process is unsure of it. Fails where the
// counter is less than what was acknowledged, or more than that and what somebody is unsure of; where a key has two
// winners, or is held by somebody who was told that it lost; and where anybody is unsure without resets.
const { S3BucketMap, S3BucketMapError } = require("../dist/index.js");
const { withPlace } = require("./races/places.js");
const { startTogether } = require("./races/processes.js");
const { startResettingProxy } = require("./races/proxy.js");

const PROCESSES = 16;
const RESET = 0.05;

const [role = "local", ...rest] = process.argv.slice(2);
if (role === "racer") racer(JSON.parse(String(rest[0])));
else void main(role, Number(rest[0] ?? 200));

/**
 * @typedef {import("./races/places.js").Where} Where
 * @param {{ where: Where, turns: number, keys: number, name: string }} task
 */
function racer({ where, turns, keys, name }) {
  const map = new S3BucketMap(where.bucket, where.options);
  map.has("start"); // The worker thread is up when the race begins.
  process.once("message", () => {
    const calls = {
      bumped: 0,
      asked: 0,
      again: 0,
      won: /** @type {number[]} */ ([]),
      unsureBumps: 0,
      unsureKeys: /** @type {number[]} */ ([]),
      unsure: /** @type {string[]} */ ([]),
    };
    /** @param {() => void} call @param {() => void} unsure */
    const attempt = (call, unsure) => {
      for (;;) {
        try {
          return call();
        } catch (error) {
          if (!(error instanceof S3BucketMapError)) throw error;
          if (error.message.includes("may still have happened")) {
            calls.unsure.push(String(error));
            return unsure();
          }
          calls.again += 1;
        }
      }
    };
    for (let turn = 0; turn < turns; turn += 1) {
      attempt(
        () => {
          map.update("counter", (count = "0") => {
            calls.asked += 1;
            return String(Number(count) + 1);
          });
          calls.bumped += 1;
        },
        () => (calls.unsureBumps += 1),
      );
    }
    for (let key = 0; key < keys; key += 1) {
      attempt(
        () => {
          if (map.create(`lock ${key}`, name)) calls.won.push(key);
        },
        () => calls.unsureKeys.push(key),
      );
    }
    /** @type {any} */ (process).send(calls, () => process.disconnect());
  });
  /** @type {any} */ (process).send("ready");
}

/**
 * @param {string} kind
 * @param {Where} where
 * @param {number} turns
 * @param {Where} [through] where the racers go instead, by way of resets: what is in this process cannot answer its own
 * blocking calls
 */
async function race(kind, where, turns, through) {
  const keys = Math.ceil(turns / 2);
  const names = Array.from({ length: PROCESSES }, (_, i) => `process ${i}`);
  const { reports: done, seconds } = await startTogether(
    __filename,
    names.map((name) => ["racer", JSON.stringify({ where: through ?? where, turns, keys, name })]),
  );

  const map = new S3BucketMap(where.bucket, where.options);
  const counter = Number(map.get("counter") ?? 0);
  const bumped = done.reduce((sum, report) => sum + report.bumped, 0);
  const asked = done.reduce((sum, report) => sum + report.asked, 0);
  const again = done.reduce((sum, report) => sum + report.again, 0);
  const unsureBumps = done.reduce((sum, report) => sum + report.unsureBumps, 0);
  const unsure = done.flatMap((report) => report.unsure);
  /** @type {string[]} */
  const wrong = through === undefined ? [...unsure] : [];
  if (bumped + unsureBumps !== PROCESSES * turns)
    wrong.push(`${bumped} updates were acknowledged and ${unsureBumps} unsure of ${PROCESSES * turns}`);
  if (counter < bumped || counter > bumped + unsureBumps)
    wrong.push(`the counter ends at ${counter}: ${bumped} were acknowledged, ${unsureBumps} unsure`);
  for (let key = 0; key < keys; key += 1) {
    const holder = map.get(`lock ${key}`);
    const winners = names.filter((_, at) => done[at].won.includes(key));
    const doubters = names.filter((_, at) => done[at].unsureKeys.includes(key));
    if (holder === undefined) wrong.push(`lock ${key} is nobody's`);
    else if (winners.length > 1) wrong.push(`lock ${key} has ${winners.length} winners`);
    else if (!(winners.length === 1 ? winners : doubters).includes(String(holder)))
      wrong.push(`lock ${key} is held by ${holder}, who was told otherwise`);
  }
  map.clear();
  console.log(
    `${kind}: ${PROCESSES} processes, counter ${counter}, ${bumped} acknowledged of ${PROCESSES * turns} (${asked} turns), ` +
      `${keys} locks, ${again} calls made again, ${unsure.length} unsure, wrong: ${wrong.length}, ${seconds} s`,
  );
  for (const line of wrong.slice(0, 10)) console.log(`  ${line}`);
  if (wrong.length > 0) process.exitCode = 1;
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
