// Runs contestants in turns, each in a process of its own: what else the machine does meanwhile falls on all of them.
const { spawn, spawnSync } = require("node:child_process");
const path = require("node:path");
const readline = require("node:readline");
const { median, printTable, spread } = require("./statistics.js");

/** What all are compared to. */
const yardstick = "the SDK, awaited";

/** @type {Record<string, { command: string[], missing?: () => string | undefined }>} */
const contestants = {};
for (const name of [
  "s3bucketmap, atomics",
  "s3bucketmap, deasync",
  yardstick,
  "raw node:http",
  "deasync around the SDK",
  "synckit around the SDK",
]) {
  contestants[name] = { command: [process.execPath, path.join(__dirname, "contestants.js"), name] };
}
/** @type {(name: string, need: string) => void} */
function needsPackage(name, need) {
  const contestant = contestants[name];
  if (contestant === undefined) return;
  contestant.missing = () => {
    try {
      require.resolve(need);
      return undefined;
    } catch {
      return `${need} is not installed`;
    }
  };
}
needsPackage("s3bucketmap, deasync", "deasync");
needsPackage("deasync around the SDK", "deasync");
needsPackage("synckit around the SDK", "synckit");
// Debian's python3-boto and python3-boto3 belong to its own Python, whatever else is on the PATH.
const python = "/usr/bin/python3";
for (const [name, need] of /** @type {const} */ ([
  ["boto3", "boto3"],
  ["boto 2, the Python original", "boto"],
])) {
  contestants[name] = {
    command: [python, path.join(__dirname, "contestants.py"), name],
    missing: () =>
      spawnSync(python, ["-c", `import ${need}`]).status === 0
        ? undefined
        : `${python} has no ${need} (Debian's python3-${need})`,
  };
}

/** One running contestant. */
class Runner {
  /**
   * @param {string[]} command
   * @param {string} endpoint
   * @param {string} bucket
   */
  constructor([file = "", ...args], endpoint, bucket) {
    this.child = spawn(file, [...args, endpoint, bucket], {
      stdio: ["pipe", "pipe", "inherit"],
      // What a developer has configured would send these requests elsewhere.
      env: {
        ...process.env,
        AWS_EC2_METADATA_DISABLED: "true",
        AWS_PROFILE: undefined,
        AWS_REGION: undefined,
        NODE_NO_WARNINGS: "1",
      },
    });
    this.lines = readline.createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
  }

  /**
   * @param {{ op: "get" | "set", calls: number, bytes: number }} order
   * @returns {Promise<number[]>}
   */
  async run(order) {
    this.child.stdin.write(`${JSON.stringify(order)}\n`);
    const { value, done } = await this.lines.next();
    if (done === true) throw new Error(`the contestant ended: ${this.child.spawnargs.join(" ")}`);
    return JSON.parse(value);
  }

  end() {
    this.child.stdin.end();
  }
}

/**
 * @param {object} contest
 * @param {string} contest.title
 * @param {string} contest.endpoint
 * @param {string} contest.bucket
 * @param {("get" | "set")[]} contest.operations
 * @param {number} contest.rounds
 * @param {number} contest.calls - of each contestant in each round
 * @param {number} contest.warmUp - calls before anything counts
 * @param {string[]} [contest.only]
 * @param {boolean} [contest.signed] - the server wants signatures, which raw HTTP does not send
 */
async function contest({ title, endpoint, bucket, operations, rounds, calls, warmUp, only, signed = false }) {
  const bytes = 1024;
  /** @type {Map<string, Runner>} */
  const runners = new Map();
  const absent = [];
  for (const [name, { command, missing }] of Object.entries(contestants)) {
    if (only !== undefined && !only.includes(name)) continue;
    if (signed && name === "raw node:http") continue;
    const reason = missing?.();
    if (reason === undefined) runners.set(name, new Runner(command, endpoint, bucket));
    else absent.push(`${name} did not take part: ${reason}.`);
  }
  for (const op of operations) {
    /** @type {Map<string, number[][]>} */
    const times = new Map();
    // A value is there to be read.
    for (const runner of runners.values()) {
      await runner.run({ op: "set", calls: 1, bytes });
      await runner.run({ op, calls: warmUp, bytes });
    }
    for (let round = 0; round < rounds; round += 1) {
      for (const [name, runner] of runners) {
        const all = times.get(name) ?? [];
        all.push(await runner.run({ op, calls, bytes }));
        times.set(name, all);
      }
    }
    const measure = (times.get(yardstick) ?? []).map(median);
    const rows = [...times].map(([name, inRounds]) => {
      const ms = spread(inRounds.flat());
      const ratio = spread(inRounds.map((round, at) => median(round) / (measure[at] ?? NaN)));
      return [name, ms.middle, ms.range, ratio.middle, ratio.range];
    });
    const what = op === "get" ? "read 1 KB" : "write 1 KB";
    printTable(
      `${title}: ${what}, ${rounds} rounds of ${calls} calls`,
      ["who", "ms", "middle half", "× SDK", "middle half of the rounds"],
      rows,
    );
  }
  for (const runner of runners.values()) runner.end();
  for (const line of absent) console.log(`\n${line}`);
}

module.exports = { contest };
