import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { chromium } from "playwright-core";
import type { Browser, Page } from "playwright-core";
import { pages as documents } from "../support/documented.js";
import { serve } from "./server.js";

jest.setTimeout(300_000);

const root = path.join(__dirname, "../..");
const site = path.join(root, ".cache/site");
const screenshots = path.join(root, ".cache/screenshots");

let server: Awaited<ReturnType<typeof serve>>;
let browser: Browser;
let pages: string[];
beforeAll(async () => {
  execFileSync("npm", ["run", "--silent", "docs"], { cwd: root, stdio: ["ignore", "ignore", "inherit"] });
  pages = readdirSync(site, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".html"));
  mkdirSync(screenshots, { recursive: true });
  server = await serve(site);
  browser = await chromium.launch({
    executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
    args: process.getuid?.() === 0 ? ["--no-sandbox"] : [],
  });
});
afterAll(async () => {
  await browser?.close();
  server?.close();
});

/** A page, and what its console, its scripts and its requests complain of. */
async function open(
  address: string,
  { width = 1200, scheme = "light" }: { width?: number; scheme?: "light" | "dark" } = {},
): Promise<{ page: Page; complaints: string[] }> {
  const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme: scheme });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(`${page.url()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => complaints.push(`${page.url()}: ${error.message}`));
  page.on("request", (request) => {
    if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(server.origin))
      complaints.push(`${page.url()} asks for ${request.url()}`);
  });
  page.on("response", (response) => {
    if (response.status() >= 400) complaints.push(`${page.url()}: ${response.url()} is ${response.status()}`);
  });
  await page.goto(`${server.origin}/${address}`);
  return { page, complaints };
}

const decoded = (text: string): string =>
  text.replaceAll("&amp;", "&").replaceAll("&quot;", '"').replaceAll("&#x27;", "'").replaceAll("&lt;", "<");

const read = (file: string): string => readFileSync(path.join(site, file), "utf8");

/** The links of a page, and the files it loads. */
const linksOf = (file: string): string[] =>
  [...read(file).matchAll(/ (?:href|src)="([^"]*)"/g)].map(([, link]) => decoded(link!));

/** Links of these pages that lead to no file of the site, or to no place in it. */
function deadLinks(from: readonly string[], links: (file: string) => string[]): string[] {
  const files = new Set(readdirSync(site, { recursive: true, encoding: "utf8" }));
  const ids = new Map<string, Set<string>>();
  const idsOf = (file: string): Set<string> => {
    const known = ids.get(file);
    if (known !== undefined) return known;
    const found = new Set([...read(file).matchAll(/ id="([^"]*)"/g)].map(([, id]) => decoded(id!)));
    ids.set(file, found);
    return found;
  };
  return from.flatMap((page) =>
    links(page)
      .filter((link) => !/^(https|mailto|data):/.test(link))
      .filter((link) => {
        const { pathname, hash, host } = new URL(link, `http://site/${page}`);
        const file = decodeURIComponent(pathname.slice(1)) || "index.html";
        if (host !== "site" || !files.has(file)) return true;
        return hash !== "" && file.endsWith(".html") && !idsOf(file).has(decodeURIComponent(hash.slice(1)));
      })
      .map((link) => `${page} → ${link}`),
  );
}

describe("the site", () => {
  it("has a page for each page of the repository, and for what is exported", () => {
    const wanted = [
      ...documents,
      "ARCHITECTURE.md",
      "CONTRIBUTING.md",
      "CHANGELOG.md",
      "SECURITY.md",
      "bench/README.md",
    ]
      .filter((page) => page !== "README.md")
      .map((page) => page.replace(/\.md$/, ".html"));
    const modules = ["", "_layers", "_testing"].map((name) => `modules/s3bucketmap${name}.html`);
    expect([...wanted, ...modules].filter((page) => !pages.includes(page))).toEqual([]);
  });

  it("has no dead link", () => {
    expect(pages.length).toBeGreaterThan(80);
    expect(pages.flatMap(linksOf).length).toBeGreaterThan(1000);
    expect(deadLinks(pages, linksOf)).toEqual([]);
  });

  it("leads from the first page to every page, by its navigation and its links", async () => {
    const { page } = await open("index.html");
    await page.waitForSelector("#tsd-nav-container a", { state: "attached" });
    const navigation = await page.$$eval("#tsd-nav-container a", (links) =>
      links.map((link) => (link as unknown as { href: string }).href),
    );
    const paths = navigation.map((link) => decodeURIComponent(link.replace(`${server.origin}/`, "")));
    expect(deadLinks(["index.html"], () => paths)).toEqual([]);
    const reached = new Set(["index.html"]);
    const visit = (from: string, links: readonly string[]): void => {
      for (const link of links.filter((one) => !/^\w+:/.test(one))) {
        const { pathname } = new URL(link, `http://site/${from}`);
        const file = decodeURIComponent(pathname.slice(1)) || "index.html";
        if (!file.endsWith(".html") || reached.has(file)) continue;
        reached.add(file);
        visit(file, linksOf(file));
      }
    };
    visit("index.html", [...paths, ...linksOf("index.html")]);
    expect(pages.filter((file) => !reached.has(file))).toEqual([]);
    await page.context().close();
  });

  it("asks for nothing else, complains of nothing, and is no wider than a screen of 400 px, on every page", async () => {
    const { page, complaints } = await open("index.html", { width: 400, scheme: "dark" });
    const wide: string[] = [];
    for (const file of pages) {
      await page.goto(`${server.origin}/${file}`);
      const width = await page.evaluate<number>("document.documentElement.scrollWidth");
      if (width > 400) wide.push(`${file}: ${width}`);
      const broken = await page.evaluate<string[]>(
        "[...document.images].filter((image) => image.naturalWidth === 0).map((image) => image.src)",
      );
      complaints.push(...broken);
    }
    expect(wide).toEqual([]);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it.each(["update", "endpoint", "ifAbsent"])("finds %s", async (word) => {
    const { page, complaints } = await open("index.html");
    await page.click("#tsd-search-trigger");
    await page.fill("#tsd-search-input", word);
    const result = page.locator("#tsd-search-results a").first();
    await result.waitFor();
    if (word === "update") await page.screenshot({ path: path.join(screenshots, "search.png") });
    expect((await page.locator("#tsd-search-results a").allTextContents()).join("\n")).toContain(word);
    await result.click();
    await page.waitForURL((url) => url.pathname !== "/index.html");
    expect(await page.textContent("body")).toContain(word);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it("finds the method update of S3BucketMap, with its costs and its errors", async () => {
    const { page } = await open("index.html");
    await page.click("#tsd-search-trigger");
    await page.fill("#tsd-search-input", "update");
    const results = page.locator("#tsd-search-results a");
    await results.first().waitFor();
    const links = await results.evaluateAll((all) =>
      all.map((link) => (link as unknown as { href: string }).href),
    );
    expect(links.filter((link) => /(S3BucketMap|SyncMap)\.html#update$/.test(link))).not.toEqual([]);
    await page.goto(links.find((link) => link.endsWith("#update"))!);
    const section = await page.textContent("section:has(> h3 > #update), section:has(> #update)");
    expect(section).toMatch(/1 GET and 1 PUT/);
    expect(section).toContain("Throws");
    expect(section).toContain("Example");
    await page.context().close();
  });

  it.each(["light", "dark"] as const)("is readable in %s", async (scheme) => {
    for (const file of [
      "index.html",
      "docs/layers.html",
      "docs/errors.html",
      "classes/s3bucketmap.S3BucketMap.html",
    ]) {
      const name = path.basename(file, ".html");
      const { page } = await open(file, { scheme });
      const [text, background] = await page.evaluate<[string, string]>(
        "[getComputedStyle(document.querySelector('.col-content p')).color, getComputedStyle(document.body).backgroundColor]",
      );
      expect(luminance(background) < 0.2).toBe(scheme === "dark");
      expect(contrast(text, background)).toBeGreaterThan(7);
      const faint = await page.evaluate<[string, string, string][]>(
        `[...document.querySelectorAll("pre code span, .col-content a, td code, td")].map((element) => {
          let behind = element;
          while (/rgba\\(0, 0, 0, 0\\)|transparent/.test(getComputedStyle(behind).backgroundColor)) behind = behind.parentElement;
          return [element.textContent, getComputedStyle(element).color, getComputedStyle(behind).backgroundColor];
        })`,
      );
      expect(faint.length).toBeGreaterThan(20);
      expect(faint.filter(([, front, back]) => contrast(front, back) < 4)).toEqual([]);
      await page.screenshot({ path: path.join(screenshots, `${name}-${scheme}.png`) });
      await page.setViewportSize({ width: 400, height: 900 });
      await page.screenshot({ path: path.join(screenshots, `${name}-${scheme}-400.png`) });
      await page.context().close();
    }
  });
});

/** The relative luminance of a CSS colour, as WCAG defines it. */
function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [...colour.matchAll(/[\d.]+/g)].map(([part]) => {
    const share = Number(part) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string): number {
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}
