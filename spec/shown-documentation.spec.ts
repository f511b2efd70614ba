import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import ts from "typescript";
import { problemsOf, strictest } from "./support/compiled.js";

// What an editor shows for a method of S3BucketMap. Most comments stand at SyncMap, and are inherited.

const file = path.join(__dirname, "shown.ts");
const source = `import { asObject, S3BucketMap } from "../dist/index.js";
import { edit, json, live } from "../dist/layers/index.js";
interface User { name: string }
const map = new S3BucketMap("bucket");
map.get; map.set; map.has; map.delete; map.clear; map.keys; map.values; map.entries; map.forEach; map.size; map.getMany;
map.setMany; map.deleteMany; map.head; map.list; map.create; map.update; map.subMap; map.close; map.diagnose; map.putFile; map.getFile; map.url; map.copy; map.rename;
map.versions;
const users = asObject(json<User>(map));
const documents = asObject(live(json<User>(map)));
const ann = edit(users, "ann", (user) => user);
json(map);`;
const service = ts.createLanguageService({
  getScriptFileNames: () => [file],
  getScriptVersion: () => "1",
  getScriptSnapshot(name) {
    const text = name === file ? source : ts.sys.readFile(name);
    return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text);
  },
  getCurrentDirectory: () => __dirname,
  getCompilationSettings: () => ({
    module: ts.ModuleKind.NodeNext,
    target: ts.ScriptTarget.ES2023,
    types: ["node"],
  }),
  getDefaultLibFileName: ts.getDefaultLibFilePath,
  fileExists: (name) => name === file || ts.sys.fileExists(name),
  readFile: (name) => (name === file ? source : ts.sys.readFile(name)),
  directoryExists: (name) => ts.sys.directoryExists(name),
});

function shown(member: string): string {
  const info = service.getQuickInfoAtPosition(file, source.indexOf(`map.${member};`) + "map.".length);
  const tags = (info?.tags ?? []).map(({ name, text }) => `@${name} ${ts.displayPartsToString(text)}`);
  return [ts.displayPartsToString(info?.documentation), ...tags].join("\n");
}

const root = path.join(__dirname, "..");

/** The examples of the doc comments, by file and line. */
function examples(): Map<string, string> {
  const found = new Map<string, string>();
  const files = readdirSync(path.join(root, "lib"), { recursive: true, encoding: "utf8" });
  for (const name of files.filter((one) => one.endsWith(".ts"))) {
    const text = readFileSync(path.join(root, "lib", name), "utf8");
    for (const { 0: comment, index } of text.matchAll(/^ *\/\*\*.*?\*\//gms)) {
      for (const example of comment.matchAll(/@example\n(.*?)(?=^ *\* @|^ *\*\/)/gms)) {
        const line = text.slice(0, index + example.index).split("\n").length + 1;
        found.set(`lib/${name}:${line}`, example[1]!.replace(/^ *\* ?/gm, ""));
      }
    }
  }
  return found;
}

/** What the examples take for given. */
const given = `
import { hostname } from "node:os";
import * as z from "zod";
import { asMap, asObject, at, batch, copyAll, createBucket, deleteBucket, restore, s3Bucket, S3BucketMap, S3BucketMapError, s3Buckets } from "s3bucketmap";
import type { BucketObject, S3Buckets, SyncMap } from "s3bucketmap";
import { cache, edit, encrypt, expire, gzip, json, live, purge, readonly, structured, text, transform, validate, writeBuffer } from "s3bucketmap/layers";
import { contract } from "s3bucketmap/testing";

interface User { name: string; tags: string[]; visits: number; phone?: string; address?: { city: string } }
interface Visit { at: Date; seen: Set<string>; count: bigint }
declare const map: S3BucketMap, bucket: BucketObject<string, S3BucketMap>, backup: BucketObject<string>;
declare const users: SyncMap<User>, counters: SyncMap<number>, sessions: SyncMap<unknown>;
declare const s3: S3Buckets, key: Buffer, pages: Map<string, string>, many: Map<string, string>;
declare const work: () => void, retryLater: () => void, myLayer: (map: SyncMap<string>) => SyncMap<string>;
`;

describe("the examples of doc comments", () => {
  it("compile in a strict project", () => {
    const programs = new Map<string, string>();
    for (const [where, code] of examples()) {
      // A session at a shell's prompt.
      if (code.startsWith("$ ")) continue;
      // In a block, an example may declare what others take for given.
      const program = `${given}{\n${code}}\nexport {};\n`;
      programs.set(path.join(root, "examples", `${where.replace(/\W/g, "-")}.mts`), program);
    }
    expect(programs.size).toBeGreaterThan(40);
    expect(problemsOf(programs, strictest)).toEqual([]);
  });
});

describe("what an editor shows for S3BucketMap", () => {
  const members = [...source.matchAll(/\bmap\.(\w+);/g)].map(([, name]) => name!);

  it.each(members)("documents %s", (member) => {
    expect(shown(member)).toMatch(/^\S.{20}/);
  });

  it("has costs, limits, errors, an example and S3's own page", () => {
    expect(shown("get")).toMatch(/1 GET.*32 MiB[^]*@throws S3BucketMapError `NotUtf8`[^]*@see https:/);
    expect(shown("set")).toMatch(/1 PUT[^]*@throws TypeError[^]*4 GiB[^]*@example[^]*ifMatch: head\.etag/);
  });

  it.each([
    ["users", "const users: BucketObject<User, SyncMap<User>>"],
    ["documents", "const documents: BucketObject<User, SyncMap<User>>"],
    ["ann", "const ann: User | undefined"],
    ["user", "(parameter) user: User | undefined"],
  ])("shows the type of %s without what only the compiler needs", (name, type) => {
    const at = source.search(new RegExp(`(?<=const |\\()${name}\\b`));
    expect(ts.displayPartsToString(service.getQuickInfoAtPosition(file, at)?.displayParts)).toBe(type);
  });

  it("documents a layer with and without a type argument", () => {
    for (const use of ["json<User>(", "json(map);"]) {
      const { documentation } = service.getQuickInfoAtPosition(file, source.lastIndexOf(use))!;
      expect(ts.displayPartsToString(documentation)).toMatch(/JSON values/);
    }
  });
});
