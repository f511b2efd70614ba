import path from "node:path";
import ts from "typescript";

// What an editor shows for a method of S3BucketMap. Most comments stand at SyncMap, and are inherited.

const file = path.join(__dirname, "shown.ts");
const source = `import { S3BucketMap } from "../dist/index.js";
const map = new S3BucketMap("bucket");
map.get; map.set; map.has; map.delete; map.clear; map.keys; map.values; map.entries; map.forEach; map.size; map.getMany;
map.setMany; map.deleteMany; map.head; map.list; map.create; map.update; map.subMap; map.close; map.diagnose; map.putFile; map.getFile; map.url; map.copy; map.rename;
map.versions;`;
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

describe("what an editor shows for S3BucketMap", () => {
  const members = [...source.matchAll(/\bmap\.(\w+);/g)].map(([, name]) => name!);

  it.each(members)("documents %s", (member) => {
    expect(shown(member)).toMatch(/^\S.{20}/);
  });

  it("has costs, limits, errors, an example and S3's own page", () => {
    expect(shown("get")).toMatch(/1 GET.*32 MiB[^]*@throws S3BucketMapError `NotUtf8`[^]*@see https:/);
    expect(shown("set")).toMatch(/1 PUT[^]*@throws TypeError[^]*4 GiB[^]*@example[^]*ifMatch: etag/);
  });
});
