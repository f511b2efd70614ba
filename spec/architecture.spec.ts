import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";

const root = path.join(__dirname, "..");
const page = readFileSync(path.join(root, "ARCHITECTURE.md"), "utf8");
const files = readdirSync(path.join(root, "lib"), { recursive: true, encoding: "utf8" });
const decisions = readdirSync(path.join(root, "docs/decisions")).sort();

/** Where a relative link of a page leads. */
function linksOf(text: string, folder: string): string[] {
  const links = [...text.matchAll(/\]\(([^)#\s]+)/g)].map(([, link]) => link!);
  return links
    .filter((link) => !link.includes("://"))
    .map((link) => path.relative(root, path.join(root, folder, link)));
}

const absent = (names: readonly string[]): string[] =>
  names.filter((name) => !existsSync(path.join(root, name)));

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
    expect(absent(rooms)).toEqual([]);
    const folders = readdirSync(path.join(root, "lib"), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => `lib/${entry.name}/`);
    expect(folders.filter((folder) => !rooms.includes(folder))).toEqual([]);
  });

  it("draws the two threads, with rooms that exist", () => {
    const [, picture = ""] = /^```mermaid\n(.*?)^```/ms.exec(page) ?? [];
    const threads = [...picture.matchAll(/^ *subgraph (\w+)/gm)].map(([, name]) => name);
    expect(threads).toEqual(["calling", "worker"]);
    const rooms = [...picture.matchAll(/\["([\w/]+)\//g)].map(([, room]) => room!);
    expect(rooms.length).toBeGreaterThan(5);
    const folders = files.map((file) => `/lib/${file}`);
    expect(rooms.filter((room) => !folders.some((folder) => folder.endsWith(`/${room}`)))).toEqual([]);
  });

  it("links to every decision, and to nothing that is missing", () => {
    const links = linksOf(page, ".");
    expect(absent(links)).toEqual([]);
    const linked = links
      .filter((link) => link.startsWith("docs/decisions/"))
      .map((link) => path.basename(link));
    expect([...new Set(linked)].sort()).toEqual(decisions);
  });
});

describe("docs/decisions", () => {
  it("has a page for each number", () => {
    expect(decisions.length).toBeGreaterThan(11);
    expect(decisions.map((name) => /^(\d{4})-[a-z0-9-]+\.md$/.exec(name)?.[1])).toEqual(
      decisions.map((_, at) => String(at + 1).padStart(4, "0")),
    );
  });

  describe.each(decisions)("%s", (name) => {
    const text = readFileSync(path.join(root, "docs/decisions", name), "utf8");
    const sections = text.split(/^## /m);

    it("has its number, and the headings of every decision", () => {
      expect(sections[0]).toMatch(new RegExp(`^# ${Number(name.slice(0, 4))}\\. \\S.*\n\n$`));
      expect(sections.slice(1).map((section) => section.split("\n")[0])).toEqual([
        "Status",
        "Context",
        "Decision",
        "Evidence",
        "What it costs",
        "When to look again",
      ]);
    });

    it("has a date, a figure as evidence, and at most a page", () => {
      expect(sections[1]).toMatch(/^Status\n\n(Accepted|Superseded), \d{4}-\d\d-\d\d\./);
      expect(sections[4]).toMatch(/\d/);
      expect(text.split("\n").length).toBeLessThanOrEqual(70);
    });

    it("names only files and folders that exist", () => {
      const named = [
        ...text.matchAll(/(?<![\w./-])(?:lib|spec|bench|scripts|docs|examples)\/[\w./-]*[\w/]/g),
      ];
      expect(absent([...named.map(([path]) => path), ...linksOf(text, "docs/decisions")])).toEqual([]);
    });
  });
});
