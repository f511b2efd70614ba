// @ts-check
// consistency.js http|service|local [calls=100000] [--seed N] [--resets SHARE] [--lie stale|lost|twice|omitted|all]
//
// A check in the style of Jepsen. Four processes with two threads each make random calls on a few keys of one bucket: through
// three names of one place, through objects, maps and layers, in loops that stop in the middle, with both waits. Every value
// written is unique. Each call is written down with the time of its beginning and end, and each value that was given,
// or key that was found or omitted, with the interval in which the contract says that it was so. consistency/checker.js then
// says whether any order of the writes explains what the threads were told of each key: it must.
//
// "service" is the bucket S3BUCKETMAP_SPEC_BUCKET at AWS_ENDPOINT_URL_S3, "local" the local S3 without a server. --resets
// resets a share of the answers when what was asked for has been done: then a plain write may be made up to three
// times, and one on a condition still takes effect once or is said to be unsure. --lie puts faults into the histories, and
// fails unless each is found.
const { fork } = require("node:child_process");
const { randomUUID } = require("node:crypto");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { parseArgs } = require("node:util");
const { S3BucketMap } = require("../dist/index.js");
const { gzip, json } = require("../dist/layers/index.js");
const { check } = require("./consistency/checker.js");
const { histories, load } = require("./consistency/history.js");
const { lies } = require("./consistency/lies.js");
const { explain, listed, summed } = require("./consistency/report.js");
const { start } = require("./consistency/servers.js");
const { SPACES } = require("./consistency/values.js");

const PROCESSES = 4;
const SHOWN = 10;

/** @typedef {import("./consistency/checker.js").Op} Op */

const { values: given, positionals } = parseArgs({
  allowPositionals: true,
  options: { seed: { type: "string" }, resets: { type: "string" }, lie: { type: "string" } },
});
const [kind = "http", calls = "100000"] = positionals;
const seed = Number(given.seed ?? Date.now() % 1e6);
const resets = Number(given.resets ?? 0);

/** What is there at the end. @param {{ bucket: string, options: any }} direct @param {() => number} now @param {readonly any[]} records */
function finalReads({ bucket, options }, now, records) {
  const text = new S3BucketMap(bucket, options);
  /** @type {Record<string, any>} */
  const maps = {
    p: text,
    j: json(text),
    g: json(gzip(/** @type {any} */ (new S3BucketMap(bucket, { ...options, readAs: "bytes" })))),
  };
  const keys = [...new Set(records.map(({ key }) => key))];
  return Object.entries(maps).flatMap(([space, map]) => {
    const own = keys.filter((key) => key.startsWith(`${space}/`));
    const begin = now();
    const values = map.getMany(own);
    const end = now();
    return own.map((key, at) => {
      const value = values.get(key);
      const id = value === undefined ? null : SPACES[space]?.decode(value);
      return {
        type: "read",
        id: `end ${space} ${at}`,
        by: "end",
        key,
        is: "value",
        value: id,
        begin,
        end,
        via: "at the end",
      };
    });
  });
}

/** @param {Awaited<ReturnType<typeof start>>} service @param {string} directory @param {bigint} base */
async function runThreads(service, directory, base) {
  const allowed =
    resets > 0
      ? "^(PreconditionFailed|TooMuchContention|NetworkError|PartialFailure|AggregateError)$"
      : kind === "service"
        ? // Ceph answers 500 to some of many writers at once.
          "^(PreconditionFailed|HTTP500|InternalError|PartialFailure|AggregateError)$"
        : "^PreconditionFailed$";
  /** @type {string[]} */
  const files = [];
  const rounds = path.join(directory, "rounds");
  fs.writeFileSync(rounds, "");
  const processes = Array.from({ length: PROCESSES }, (_, at) => {
    const tasks = ["atomics", "deasync"].map((wait, thread) => {
      const file = path.join(directory, `${at}-${thread}`);
      files.push(file);
      const share = Number(calls) / PROCESSES / 2;
      return {
        by: `p${at}t${thread}`,
        wait,
        calls: share,
        seed: seed * 8 + 2 * at + thread,
        base: String(base),
        where: service.where,
        allowed,
        file,
        rounds,
      };
    });
    const env = { ...process.env, ...service.environment };
    const child = fork(path.join(__dirname, "consistency/process.js"), [JSON.stringify(tasks)], { env });
    return child;
  });
  const ends = processes.map(
    (child) =>
      new Promise((resolve, reject) => {
        child.once("exit", (code) =>
          code === 0 ? resolve(undefined) : reject(new Error(`a process ended with ${code}`)),
        );
      }),
  );
  try {
    await Promise.all(ends);
  } finally {
    for (const child of processes) child.kill("SIGKILL");
  }
  return files;
}

/** @param {Map<string, Op[]>} all @param {string} name */
function lieAbout(all, name) {
  const lie = lies[name];
  if (lie === undefined) throw new Error(`--lie takes one of ${Object.keys(lies).join(", ")}.`);
  let told = 0;
  let caught = 0;
  for (const ops of all.values()) {
    const changed = lie(ops);
    if (changed === undefined) continue;
    told += 1;
    if (check(changed).violations.length > 0) caught += 1;
  }
  console.log(`lies "${name}": ${caught} of ${told} caught`);
  return told > 0 && caught === told;
}

async function main() {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), "s3bucketmap-consistency-"));
  const prefix = `consistency/${randomUUID()}/`;
  const base = process.hrtime.bigint();
  const now = () => Number(process.hrtime.bigint() - base);
  /** @type {import("./consistency/history.js").Reset[]} */
  const seenResets = [];
  const service = await start(kind, directory, prefix, resets, (method, url) => {
    const at = decodeURIComponent(String(url.split("?")[0])).indexOf(prefix);
    const key = at < 0 ? undefined : decodeURIComponent(String(url.split("?")[0])).slice(at + prefix.length);
    if (method !== "GET" && method !== "HEAD") seenResets.push({ at: now(), method, key });
  });
  try {
    const { summaries, records } = load(await runThreads(service, directory, base));
    const seconds = (now() / 1e9).toFixed(0);
    records.push(...finalReads(service.direct, now, records));
    if (kind === "service") new S3BucketMap(service.direct.bucket, service.direct.options).clear();
    const all = histories(records, seenResets, kind === "service");
    const unexpected = summaries.flatMap((summary) => summary.unexpected);
    const kinds = summed(summaries.map((summary) => summary.calls));
    const total = Object.values(kinds).reduce((sum, count) => sum + count, 0);
    console.log(
      `${kind}, seed ${seed}: ${total} calls in ${seconds} s, ${all.size} keys, ${records.length} reads and writes of a key`,
    );
    console.log(`calls: ${listed(kinds)}`);
    console.log(`errors: ${listed(summed(summaries.map((summary) => summary.errors)))}`);
    const counts = service.counts();
    if (counts !== undefined) console.log(`resets: ${counts.resets} of ${counts.answers} answers`);
    console.log(`unsure: ${summaries.reduce((sum, { unsure }) => sum + unsure, 0)}`);
    if (!judge(all, unexpected)) process.exitCode = 1;
    const told = given.lie === "all" ? Object.keys(lies) : given.lie === undefined ? [] : [given.lie];
    for (const lie of told) if (!lieAbout(all, lie)) process.exitCode = 1;
    if (counts?.resets === 0) process.exitCode = 1;
  } finally {
    service.stop();
    fs.rmSync(directory, { recursive: true, force: true });
  }
}

/** @param {Map<string, Op[]>} all @param {readonly string[]} unexpected */
function judge(all, unexpected) {
  /** @type {{ via: string, text: string }[]} */
  const found = [];
  let undecided = 0;
  for (const [key, ops] of all) {
    const result = check(ops);
    if (result.undecided) undecided += 1;
    for (const violation of result.violations)
      found.push({ via: violation.op.via, text: explain(key, violation, ops) });
  }
  console.log(`violations: ${found.length}, unexpected: ${unexpected.length}, keys undecided: ${undecided}`);
  if (found.length > 0)
    console.log(`violations by call: ${listed(summed(found.map(({ via }) => ({ [via]: 1 }))))}`);
  for (const { text } of found.slice(0, SHOWN)) console.log(text);
  for (const text of unexpected.slice(0, SHOWN)) console.log(text);
  return found.length + unexpected.length + undecided === 0;
}

void main();
