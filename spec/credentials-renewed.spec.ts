import { rmSync } from "node:fs";
import path from "node:path";
import { asObject, batch, S3BucketMap, S3BucketMapError } from "../lib/index.js";
import { Home, sources } from "./support/credential-sources.js";
import type { Source } from "./support/credential-sources.js";
import { startHttpS3 } from "./support/http-s3.js";
import type { HttpS3, LoggedRequest } from "./support/http-s3.js";

jest.setTimeout(300_000);

const home = new Home();
let server: HttpS3;
beforeAll(async () => {
  await home.start();
  server = await startHttpS3();
});
afterEach(() => {
  server.clearFaults();
  server.reset();
  rmSync(path.join(home.folder, ".aws"), { recursive: true, force: true });
});
afterAll(async () => {
  home.end();
  await server.close();
});

type Wait = "atomics" | "deasync";

/** Of its own: maps with the same settings share what they have learnt. */
let buckets = 0;
function newMap(options: { wait: Wait; [option: string]: unknown }): S3BucketMap {
  return new S3BucketMap(`bucket-${++buckets}`, options);
}

const [inFile, aProfile, aProcess] = sources as [Source, Source, Source];

function enter({ variables, begin }: Source): void {
  home.enter({ AWS_ENDPOINT_URL_S3: server.endpoint, ...variables?.(home) });
  begin(home);
  home.given();
}

/** From now on S3 refuses the first credentials. */
function expire(code = "ExpiredToken", rule: { operation?: string; after?: number } = {}): void {
  server.reset();
  server.fault({ ...rule, accessKey: "AKIDFirst", times: Infinity, action: { status: 400, code } });
}

const who = ({ signedFor, token }: LoggedRequest): string => `${signedFor.split(" ")[0]} ${token}`;

/** Nobody is one half the first and one half the second, and who is the second does not become the first again. */
function expectNoMix(): void {
  const all = server.log().map(who);
  for (const one of all) expect(["AKIDFirst token-First", "AKIDSecond token-Second"]).toContain(one);
}

function thrown(run: () => unknown): S3BucketMapError {
  try {
    run();
  } catch (error) {
    if (error instanceof S3BucketMapError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

const keys = Array.from({ length: 64 }, (_, at) => `k${at}`);
const big = "v".repeat(40 * 1024 ** 2);

/** What a program does, and what it must see: each is done anew with keys of its own. */
const uses: [string, (map: S3BucketMap) => unknown, unknown][] = [
  ["get", (map) => map.get("k1"), "v1"],
  ["get of a missing key", (map) => map.get("none"), undefined],
  ["has", (map) => map.has("k1"), true],
  ["head", (map) => map.head("k1")?.size, 2],
  ["set", (map) => map.set("new", "value").get("new"), "value"],
  ["delete", (map) => map.delete("k63") && map.has("k63"), false],
  ["create", (map) => map.create("made", "value"), true],
  ["update", (map) => map.update("k1", (value) => `${value}!`) && map.get("k1"), "v1!"],
  ["keys", (map) => [...map.keys()].length, 64],
  ["size", (map) => map.size, 64],
  ["entries", (map) => [...map.entries()].map(([, value]) => value).length, 64],
  ["list", (map) => [...map.list()].length, 64],
  ["getMany of 64", (map) => [...map.getMany(keys).values()].join(), keys.map((_, at) => `v${at}`).join()],
  [
    "setMany of 64",
    (map) => {
      map.setMany(keys.map((key) => [key, `new ${key}`]));
      return [...map.getMany(keys).values()].every((value) => String(value).startsWith("new"));
    },
    true,
  ],
  [
    "deleteMany",
    (map) => {
      map.deleteMany(keys);
      return map.size;
    },
    0,
  ],
  [
    "clear",
    (map) => {
      map.clear();
      return map.size;
    },
    0,
  ],
  [
    "a batch",
    (map) => {
      batch(map, () => {
        for (const key of keys) map.set(key, "batched");
      });
      return map.get("k40");
    },
    "batched",
  ],
  [
    "its object",
    (map) => {
      const bucket = asObject(map);
      bucket["by object"] = "x";
      delete bucket["k0"];
      return `${"k0" in bucket} ${bucket["by object"]} ${Object.keys({ ...bucket }).length}`;
    },
    "false x 64",
  ],
  ["a value in parts", (map) => map.set("big", big).get("big") === big, true],
];

describe.each(["atomics", "deasync"] as const)("a map whose credentials expire, wait: %s,", (wait) => {
  function begun(source: Source, wait: Wait): S3BucketMap {
    home.leave();
    enter(source);
    const map = newMap({ wait });
    map.setMany(keys.map((key, at) => [key, `v${at}`]));
    return map;
  }

  it.each(
    [inFile, aProcess].flatMap((source) => uses.map((use) => [source.name, use[0], source, use] as const)),
  )("loses no call by %s: %s", (_source, _use, source, [, use, expected]) => {
    const map = begun(source, wait);
    home.given();
    source.renew(home);
    expire();
    expect(use(map)).toEqual(expected);
    expectNoMix();
    const statuses = server.log().filter((request) => who(request).startsWith("AKIDFirst"));
    expect(statuses.every(({ status }) => status === 400)).toBe(true);
    if (source === aProcess) expect(home.given()).toBe(1);
  });

  it.each(sources.map((source) => [source.name, source] as const))("goes on by %s", (_name, source) => {
    const map = begun(source, wait);
    expect(server.log().map(who)).toContain("AKIDFirst token-First");
    source.renew(home);
    expire();
    expect(map.get("k1")).toBe("v1");
    map.set("k1", "again");
    expect(map.get("k1")).toBe("again");
    expectNoMix();
    expect(server.log().filter(({ faulted }) => faulted)).toHaveLength(1);
  });

  it.each(["InvalidToken", "InvalidAccessKeyId", "ExpiredTokenException", "TokenRefreshRequired"])(
    "goes on after %s",
    (code) => {
      const map = begun(inFile, wait);
      inFile.renew(home);
      expire(code);
      expect(map.get("k1")).toBe("v1");
    },
  );

  it.each([
    ["a part", "UploadPart", 2],
    ["the completion", "CompleteMultipartUpload", 0],
    ["the beginning", "CreateMultipartUpload", 0],
  ])("completes an upload in parts of which %s is refused", (_what, operation, after) => {
    const map = begun(aProcess, wait);
    home.given();
    aProcess.renew(home);
    expire("ExpiredToken", { operation, after });
    map.set("big", big);
    expect(server.counts()["CreateMultipartUpload"]).toBe(operation === "CreateMultipartUpload" ? 2 : 1);
    expect(server.counts()["AbortMultipartUpload"] ?? 0).toBe(0);
    expect(home.given()).toBe(1);
    server.clearFaults();
    expect(map.get("big") === big).toBe(true);
  });

  it("reads on where a long body breaks off and the next try is refused", () => {
    const map = begun(inFile, wait);
    map.set("big", big);
    inFile.renew(home);
    server.fault({ operation: "GET", ranged: false, action: { reset: "mid-body" } });
    expire("ExpiredToken", { operation: "GET", after: 0 });
    server.reset();
    expect(map.get("big") === big).toBe(true);
    expectNoMix();
  });

  it("is asked for once by 64 requests that are refused together", () => {
    const map = begun(aProcess, wait);
    home.given();
    aProcess.renew(home);
    server.reset();
    const action = { status: 403, code: "ExpiredToken", delayMs: 300 };
    server.fault({ accessKey: "AKIDFirst", times: Infinity, action });
    expect([...map.getMany(keys).values()]).toEqual(keys.map((_, at) => `v${at}`));
    expect(server.maxConcurrent()).toBe(64);
    expect(server.log()).toHaveLength(128);
    expect(home.given()).toBe(1);
  });

  it("stores what is written once", () => {
    const map = begun(inFile, wait);
    inFile.renew(home);
    expire();
    map.set("k1", "once");
    expect(server.log().map(({ operation, status }) => `${operation} ${status}`)).toEqual([
      "PutObject 400",
      "PutObject 200",
    ]);
  });

  it("fails as S3 says, after one try, where what is read again is the same", () => {
    const map = begun(inFile, wait);
    expire("InvalidAccessKeyId");
    const error = thrown(() => map.get("k1"));
    expect(error).toMatchObject({ code: "InvalidAccessKeyId", attempts: 1 });
    expect(server.log()).toHaveLength(1);
    // Later on somebody logs in.
    inFile.renew(home);
    expect(map.get("k1")).toBe("v1");
  });

  it("ends a setMany only where the renewed ones are refused, too", () => {
    const map = begun(inFile, wait);
    inFile.renew(home);
    server.reset();
    server.fault({ times: Infinity, action: { status: 400, code: "ExpiredToken" } });
    expect(thrown(() => map.setMany(keys.map((key) => [key, "x"])))).toMatchObject({
      code: "ExpiredToken",
      attempts: 2,
    });
    server.clearFaults();
    expect(map.get("k1")).toBe("v1");
  });

  it("says why they could not be read again", () => {
    const sso = sources.find(({ name }) => name === "SSO")!;
    const map = begun(sso, wait);
    home.logIn("mine", new Date(Date.now() - 1000));
    expire();
    const error = thrown(() => map.get("k1"));
    expect(error).toMatchObject({ code: "ExpiredToken", statusCode: 400 });
    expect(error.message).toContain("aws sso login");
    sso.renew(home);
    expect(map.get("k1")).toBe("v1");
  });

  it("keeps its deadline while they are read", () => {
    const map = begun(aProcess, wait);
    // Of the same settings, and so of the same credentials.
    const quick = new S3BucketMap(`bucket-${buckets}`, { wait, timeoutMs: 1000 });
    home.write("process.js", "setTimeout(() => {}, 3000)");
    expire();
    expect(thrown(() => quick.get("k1"))).toMatchObject({ code: "TimedOut" });
    // What is being read by then fails, and somebody has logged in meanwhile.
    aProcess.begin(home);
    aProcess.renew(home);
    expect(map.get("k1")).toBe("v1");
  });

  it.each(["option", "environment"])("fails at once, and says why, where they are of the %s", (kind) => {
    const given = {
      accessKeyId: "AKIDFirst",
      secretAccessKey: "secret-First",
      sessionToken: "token-First",
    };
    home.enter({ AWS_ENDPOINT_URL_S3: server.endpoint });
    if (kind === "environment") {
      home.enter({
        AWS_ENDPOINT_URL_S3: server.endpoint,
        AWS_ACCESS_KEY_ID: given.accessKeyId,
        AWS_SECRET_ACCESS_KEY: given.secretAccessKey,
        AWS_SESSION_TOKEN: given.sessionToken,
      });
    }
    const map = newMap({ wait, ...(kind === "option" && { credentials: given }) });
    map.set("k1", "v1");
    inFile.renew(home);
    expire();
    const error = thrown(() => map.get("k1"));
    expect(error).toMatchObject({ code: "ExpiredToken", attempts: 1 });
    expect(error.message).toContain(kind === "option" ? "the option credentials" : "AWS_ACCESS_KEY_ID");
    expect(error.message).toContain("create a new map");
    expect(server.log()).toHaveLength(1);
  });

  it("is used as soon as somebody has logged in, where there were none", () => {
    home.enter({ AWS_ENDPOINT_URL_S3: server.endpoint });
    const map = newMap({ wait });
    expect(thrown(() => map.set("k1", "v1"))).toMatchObject({ code: "CredentialsMissing" });
    inFile.renew(home);
    map.set("k1", "v1");
    expect(map.get("k1")).toBe("v1");
    expect(server.log().map(who)).toEqual(["AKIDSecond token-Second", "AKIDSecond token-Second"]);
  });

  it("is used as soon as somebody has logged in, where the session was over", () => {
    const sso = sources.find(({ name }) => name === "SSO")!;
    enter(sso);
    home.logIn("mine", new Date(Date.now() - 1000));
    const map = newMap({ wait });
    const error = thrown(() => map.set("k1", "v1"));
    expect(error.code).toBe("CredentialsMissing");
    expect(error.message).toContain("aws sso login");
    sso.renew(home);
    expect(map.set("k1", "v1").get("k1")).toBe("v1");
  });

  it("asks where it always did, whatever a profile says by then", () => {
    const map = begun(aProfile, wait);
    aProfile.renew(home);
    expire();
    expect(map.get("k1")).toBe("v1");
    expect([...new Set(server.log().map(({ signedFor }) => signedFor.split(" ")[1]))]).toEqual(["eu-west-1"]);
  });
});

describe("a program that gives credentials", () => {
  it("sees the configuration files that there are", () => {
    home.enter({ AWS_ENDPOINT_URL_S3: server.endpoint });
    const script = `const { AWS_CONFIG_FILE = "none", AWS_SHARED_CREDENTIALS_FILE = "none", HOME } = process.env;
      require("node:fs").writeFileSync(__filename + ".seen", [AWS_CONFIG_FILE, AWS_SHARED_CREDENTIALS_FILE, HOME].join(" "));
      console.log(JSON.stringify({ Version: 1, AccessKeyId: "AKIDFirst", SecretAccessKey: "s" }));`;
    const file = home.write("look.js", script);
    const config = home.write(
      "other-config",
      `[default]\ncredential_process = ${process.execPath} ${file}\n`,
    );
    process.env["AWS_CONFIG_FILE"] = config;
    newMap({ wait: "atomics" }).set("k", "v");
    expect(home.read("look.js.seen")).toBe(`${config} none ${home.folder}`);
  });
});
