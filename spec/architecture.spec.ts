import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";

const root = path.join(__dirname, "..");
const page = readFileSync(path.join(root, "ARCHITECTURE.md"), "utf8");
const files = readdirSync(path.join(root, "lib"), { recursive: true, encoding: "utf8" });

describe("ARCHITECTURE.md", () => {
  it("names only files that exist", () => {
    const named = [...page.matchAll(/(?<![\w./-])[\w./-]+\.m?ts\b/g)].map(([name]) => name);
    const missing = named.filter(
      (name) =>
        ![...files, ...files.map((file) => `lib/${file}`)].some((file) => `/${file}`.endsWith(`/${name}`)),
    );
    expect(named.length).toBeGreaterThan(30);
    expect(missing).toEqual([]);
  });

  it("has a line for every room of lib/", () => {
    const rooms = [...page.matchAll(/^lib\/[\w/]+\/(?= )/gm)].map(([name]) => name);
    expect(rooms.filter((room) => !existsSync(path.join(root, room)))).toEqual([]);
    const folders = readdirSync(path.join(root, "lib"), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => `lib/${entry.name}/`);
    expect(folders.filter((folder) => !rooms.includes(folder))).toEqual([]);
  });
});
