import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";

const root = path.join(__dirname, "..");
const page = readFileSync(path.join(root, "ARCHITECTURE.md"), "utf8");
const files = readdirSync(path.join(root, "lib"), { recursive: true, encoding: "utf8" });
const decisions = readdirSync(path.join(root, "docs/decisions"))
  .filter((name) => name !== "README.md")
  .sort();

/** Where the links of a page lead, from the root, with their anchors. */
function linksOf(page: string): { file: string; anchor: string | undefined }[] {
  const text = readFileSync(path.join(root, page), "utf8");
  const links = [...text.matchAll(/\]\(([^()\s]+)\)/g)].map(([, link]) => link!);
  return links
    .filter((link) => !link.includes("://"))
    .map((link) => {
      const [file, anchor] = link.split("#");
      return { file: file === "" ? page : path.join(path.dirname(page), file!), anchor };
    });
}

/** The anchors of a page's headings, as GitHub makes them. */
function anchorsOf(page: string): string[] {
  const headings = readFileSync(path.join(root, page), "utf8").matchAll(/^#+ (.*)$/gm);
  return [...headings].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

/** The files and folders that package.json has packed. */
function packedFiles(): string[] {
  const { files } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8")) as { files: string[] };
  return files;
}

const absent = (names: readonly string[]): string[] =>
  names.filter((name) => !existsSync(path.join(root, name)));

describe("README.md", () => {
  it("has at most 130 lines", () => {
    expect(
      readFileSync(path.join(root, "README.md"), "utf8").trimEnd().split("\n").length,
    ).toBeLessThanOrEqual(130);
  });
});

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

  it("links to every decision", () => {
    const linked = linksOf("ARCHITECTURE.md")
      .map(({ file }) => file)
      .filter((link) => link.startsWith("docs/decisions/") && !link.endsWith("README.md"))
      .map((link) => path.basename(link));
    expect([...new Set(linked)].sort()).toEqual(decisions);
  });
});

describe("docs/decisions", () => {
  it("has an index of all", () => {
    const linked = linksOf("docs/decisions/README.md").map(({ file }) => path.basename(file));
    expect(linked).toEqual(decisions);
  });

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
      expect(absent(named.map(([name]) => name))).toEqual([]);
    });
  });
});

describe("the links of the documents", () => {
  const inDocs = readdirSync(path.join(root, "docs"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".md"))
    .map((file) => `docs/${file}`);
  const pages = [
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "SECURITY.md",
    "bench/README.md",
    ...inDocs,
  ];

  it.each(pages)("of %s lead to files and headings that exist", (page) => {
    const broken = linksOf(page).filter(
      ({ file, anchor }) =>
        !existsSync(path.join(root, file)) || (anchor !== undefined && !anchorsOf(file).includes(anchor)),
    );
    expect(broken).toEqual([]);
  });

  // npm shows the README without a repository, and an editor shows it in node_modules: what it links to is there, too.
  it.each(pages)("of %s lead to what the package has", (page) => {
    const packed = [...packedFiles(), "README.md", "LICENSE"];
    const isPacked = (file: string): boolean =>
      packed.some((name) => file === name || file.startsWith(`${name}/`));
    expect(isPacked(page)).toBe(true);
    expect(linksOf(page).filter(({ file }) => !isPacked(path.normalize(file)))).toEqual([]);
  });

  it("lead to each page of docs/ from the README and from the index", () => {
    const unlinked = (from: string): string[] => {
      const linked = [from, ...linksOf(from).map(({ file }) => path.normalize(file))];
      return inDocs.filter((page) => !page.startsWith("docs/decisions/") && !linked.includes(page));
    };
    expect(unlinked("README.md")).toEqual([]);
    expect(unlinked("docs/README.md")).toEqual([]);
  });
});
