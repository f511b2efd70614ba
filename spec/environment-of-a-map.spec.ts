import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import vm from "node:vm";
import { asMap, createBucket, deleteBucket, s3Buckets, S3BucketMap } from "../lib/index.js";
import { fill, numberedKeys } from "./support/fill.js";
import { startHttpS3 } from "./support/http-s3.js";
import type { HttpS3 } from "./support/http-s3.js";

jest.setTimeout(180_000);

const before = { ...process.env };
const cwd = process.cwd();
const folder = realpathSync(mkdtempSync(path.join(tmpdir(), "s3bucketmap-environment-")));
let [first, second]: HttpS3[] = [];
beforeAll(async () => {
  first = await startHttpS3();
  second = await startHttpS3();
  for (const one of [first, second]) {
    await fill(one.directory, "many", "", numberedKeys(1001));
  }
});
beforeEach(() => {
  for (const name of Object.keys(process.env)) if (name.startsWith("AWS_")) delete process.env[name];
  rmSync(folder, { recursive: true });
  mkdirSync(folder);
  process.env["HOME"] = folder;
  process.env["AWS_EC2_METADATA_DISABLED"] = "true";
});
afterEach(() => {
  process.chdir(cwd);
  for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
  Object.assign(process.env, before);
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await first!.close();
  await second!.close();
});

function set(env: Record<string, string>): void {
  for (const name of Object.keys(process.env)) {
    if (/^AWS_/.test(name) && name !== "AWS_EC2_METADATA_DISABLED") delete process.env[name];
  }
  Object.assign(process.env, env);
}

const variables = (server: HttpS3, who: string): Record<string, string> => ({
  AWS_ENDPOINT_URL_S3: server.endpoint,
  AWS_REGION: `${who}-region`,
  AWS_ACCESS_KEY_ID: who,
  AWS_SECRET_ACCESS_KEY: "secret",
});
const keysOf = (who: string): string =>
  `region = ${who}-region\naws_access_key_id = ${who}\naws_secret_access_key = secret\n`;
const write = (name: string, text: string): string => {
  const file = path.join(folder, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
};

/** What makes requests go to a server, and as whom. */
type Move = (server: HttpS3, who: string) => void;
const moves: [string, Move][] = [
  ["variables", (server, who) => set(variables(server, who))],
  [
    "keys and region alone",
    (_server, who) => set({ ...variables(first!, who), AWS_REGION: `${who}-region` }),
  ],
  [
    "AWS_PROFILE",
    (_server, who) => {
      const profiles = ["first", "second"].map((name) => `[profile ${name}]\n${keysOf(name)}`);
      write(".aws/config", profiles.join(""));
      set({ AWS_PROFILE: who, AWS_ENDPOINT_URL_S3: first!.endpoint });
    },
  ],
  [
    "what a profile says",
    (_server, who) => {
      write(".aws/credentials", `[default]\n${keysOf(who)}`);
      set({ AWS_ENDPOINT_URL_S3: first!.endpoint });
    },
  ],
  [
    "the endpoint that a profile names",
    (server, who) => {
      write(".aws/config", `[default]\n${keysOf(who)}endpoint_url = ${server.endpoint}\n`);
      set({});
    },
  ],
  [
    "AWS_CONFIG_FILE",
    (server, who) => {
      const text = `[default]\n${keysOf(who)}endpoint_url = ${server.endpoint}\n`;
      set({ AWS_CONFIG_FILE: write(`config-${who}`, text) });
    },
  ],
  [
    "HOME",
    (server, who) => {
      write(`${who}/.aws/config`, `[default]\n${keysOf(who)}endpoint_url = ${server.endpoint}\n`);
      set({ HOME: path.join(folder, who) });
    },
  ],
  [
    "the working directory",
    (server, who) => {
      write(`${who}/config`, `[default]\n${keysOf(who)}endpoint_url = ${server.endpoint}\n`);
      process.chdir(path.join(folder, who));
      set({ AWS_CONFIG_FILE: "config" });
    },
  ],
];

type Use = (map: S3BucketMap) => unknown;
const big = "v".repeat(16 * 1024 ** 2 + 1);
const uses: [string, Use, unknown][] = [
  ["get", (map) => map.get("key"), "value"],
  ["has", (map) => map.has("missing"), false],
  ["set", (map) => map.set("other", "value").get("other"), "value"],
  ["create", (map) => map.create(`new${Math.random()}`, "value"), true],
  ["update", (map) => map.update("key", (value) => value), "value"],
  ["list", (map) => [...map.list({ delimiter: "/" })].length > 0, true],
  ["keys", (map) => [...map.keys()].includes("key"), true],
  ["set in parts", (map) => map.set("big", big).get("big") === big, true],
  [
    "get tried again",
    (map) => {
      for (const server of [first!, second!]) server.fault({ operation: "GET", action: { status: 503 } });
      try {
        return map.get("key");
      } finally {
        for (const server of [first!, second!]) server.clearFaults();
      }
    },
    "value",
  ],
  ["deleteMany", (map) => map.deleteMany(["big", "other"]), undefined],
  ["delete", (map) => map.delete("other"), true],
  [
    "clear",
    (map) => {
      map.clear();
      const { size } = map;
      map.set("key", "value");
      return size;
    },
    0,
  ],
];

function killWorker(): Promise<unknown> {
  const threads = vm.runInThisContext('globalThis[Symbol.for("s3bucketmap.threads")]') as Map<
    string,
    { worker: { terminate(): Promise<number> } }
  >;
  return Promise.all([...threads.values()].map(({ worker }) => worker.terminate()));
}

describe.each(["atomics", "deasync"] as const)("a map, wait: %s,", (wait) => {
  describe.each(moves)("whose first request saw %s before they changed", (_name, move) => {
    it("makes all its requests as that one", async () => {
      const scope = "first first-region";
      const [one, two] = [first!, second!];
      const options = { wait, prefix: `${Math.random()}/` };
      const map = new S3BucketMap("bucket", options);
      const part = map.subMap("");
      const many = new S3BucketMap("many", { wait });
      move(one, "first");
      map.set("key", "value");
      const pages = many.keys();
      pages.next();
      move(two, "second");
      const other = new S3BucketMap("bucket", options);
      other.set("kept", "value");
      // The SDK is loaded, for the other map.
      other.create("kept too", "value");
      // Some changes leave the place as it is, and only change who asks.
      const isOnePlace = map.has("kept");
      if (isOnePlace) other.deleteMany(["kept", "kept too"]);
      for (const server of [one, two]) server.reset();

      expect([...pages].length).toBe(1000);
      for (const [name, use, expected] of uses) expect([name, use(map)]).toEqual([name, expected]);
      await killWorker();
      for (const [name, use, expected] of uses) expect([name, use(part)]).toEqual([name, expected]);

      expect(two.log()).toEqual([]);
      expect([...new Set(one.log().map(({ signedFor }) => signedFor))]).toEqual([scope]);
      if (!isOnePlace) expect(other.get("kept")).toBe("value");
    });
  });

  type Buckets = ReturnType<typeof s3Buckets>;
  const firsts: [string, (s3: Buckets) => unknown][] = [
    ["the buckets were listed", (s3) => Object.keys(s3)],
    ["a bucket was looked for", (s3) => "bucket" in s3],
    ["a key of one bucket was read", (s3) => s3["bucket"]!["missing"]],
    ["a bucket was created", (s3) => createBucket(s3, "created-first")],
  ];
  it.each(firsts)("one of many buckets, is asked as these were when %s", (_name, use) => {
    const [one, two] = [first!, second!];
    set(variables(one, "first"));
    const s3 = s3Buckets({ wait });
    const early = s3["named-early"];
    use(s3);
    set(variables(two, "second"));
    for (const server of [one, two]) server.reset();
    Object.keys(s3);
    expect("missing" in s3).toBe(false);
    createBucket(s3, "created")["key"] = "value";
    expect(early!["key"]).toBe(undefined);
    asMap(s3["created"]!).clear();
    deleteBucket(s3, "created");
    expect(two.log()).toEqual([]);
    expect([...new Set(one.log().map(({ signedFor }) => signedFor))]).toEqual(["first first-region"]);
  });
});
