import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { Home, sources } from "./support/credential-sources.js";
import { startHttpS3 } from "./support/http-s3.js";
import type { HttpS3 } from "./support/http-s3.js";

// What a program's first requests load of the SDK: the whole of it takes longer than the rest of such a program.

jest.setTimeout(60_000);

const home = new Home();
let server: HttpS3;
beforeAll(async () => {
  [server] = await Promise.all([startHttpS3(), home.start()]);
});
afterAll(async () => {
  home.end();
  await server.close();
});
beforeEach(() => {
  home.write(".aws/config", "");
  home.write(".aws/credentials", "");
});
afterEach(() => home.leave());

/** The packages that a program and its worker thread load. */
async function loadedBy(uses: string): Promise<Set<string>> {
  const file = home.write("loaded", "");
  const settings = JSON.stringify({ endpoint: server.endpoint, region: "us-east-1" });
  const library = JSON.stringify(path.join(__dirname, "../dist/index.js"));
  const source = `const { S3BucketMap } = require(${library}); let map = new S3BucketMap("bucket", ${settings}); ${uses}`;
  const hook = path.join(__dirname, "support/loaded-modules.js");
  const child = spawn(process.execPath, ["-e", source], {
    env: { ...process.env, NODE_OPTIONS: `--require ${hook}`, LOADED_MODULES: file },
    stdio: "inherit",
  });
  expect(await once(child, "close")).toEqual([0, null]);
  const files = readFileSync(file, "utf8").split("\n");
  // The hook sees the worker thread.
  expect(files).toContain(path.join(__dirname, "../dist/worker.js"));
  return new Set(files.flatMap((name) => /node_modules\/(@[^/]+\/[^/]+|[^/]+)\//.exec(name)?.[1] ?? []));
}

const plainUses = 'map.set("key", "1"); map.get("key"); [...map.keys()]; map.has("key"); map.delete("key")';

it("is nothing where credentials are written down", async () => {
  home.enter({ AWS_ACCESS_KEY_ID: "key", AWS_SECRET_ACCESS_KEY: "secret" });
  expect([...(await loadedBy(plainUses))]).toEqual([]);
});

it.each(sources)("is no client-s3 where credentials come from $name", async ({ name, begin, variables }) => {
  begin(home);
  home.enter({ ...variables?.(home) });
  const loaded = await loadedBy(plainUses);
  expect([...loaded]).not.toContain("@aws-sdk/client-s3");
  const isWrittenDown = name === "the shared file" || name === "a profile of the other file";
  expect(loaded.has("@aws-sdk/credential-provider-node")).toBe(!isWrittenDown);
});

it("is no client-s3 where a profile names the endpoint, too", async () => {
  home.enter({});
  writeFileSync(
    path.join(home.folder, ".aws/config"),
    `[default]\n${home.written("First")}endpoint_url = ${server.endpoint}\n`,
  );
  expect([
    ...(await loadedBy(plainUses.replace("map.set", 'map = new S3BucketMap("bucket"); map.set'))),
  ]).toEqual([]);
});

it("is the whole of it for what only the SDK sends", async () => {
  home.enter({ AWS_ACCESS_KEY_ID: "key", AWS_SECRET_ACCESS_KEY: "secret" });
  expect([...(await loadedBy('map.set("key", "1", { metadata: { note: "two  spaces" } })'))]).toContain(
    "@aws-sdk/client-s3",
  );
});
