import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { S3BucketMap } from "s3bucketmap";
import { startHttpS3 } from "../support/http-s3.js";
import type { HttpS3 } from "../support/http-s3.js";
import { Prompts } from "../support/prompt.js";
import { withoutProxyMarks } from "../support/proxy-marks.js";
import { hasTerminal, keys } from "../support/terminal.js";

// Without util-linux's `script` there is no terminal to be had; CONTRIBUTING says so.
const describeInTerminal = hasTerminal ? describe : describe.skip;

jest.setTimeout(60_000);

let server: HttpS3;
let prompts: Prompts;
let map: S3BucketMap;
beforeAll(async () => {
  server = await startHttpS3();
  prompts = new Prompts();
  map = new S3BucketMap("bucket", {
    endpoint: server.endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: "key", secretAccessKey: "secret" },
  });
});
afterAll(async () => {
  prompts.close();
  await server.close();
});
beforeEach(() => {
  map.clear();
  map.setMany(Object.entries({ testKey: "value", "a b/c": "3", "dir/x": "5", "dir/y/z": "6" }));
  server.reset();
});
afterEach(() => {
  server.clearFaults();
  prompts.endTerminals();
});

describeInTerminal("the prompt", () => {
  it("begins with two lines that say where it is and what can be done", async () => {
    const terminal = await prompts.open(server, ["s3://bucket/dir/"]);
    const [where = "", what = "", ...rest] = terminal.lines;
    expect(where).toMatch(/^s3:\/\/bucket\/dir\/ {2}\(s3bucketmap \d+\.\d+\.\d+, Node\.js \d+\.\d+\.\d+\)$/);
    expect(what).toContain(".help");
    expect(rest).toEqual([">"]);
    expect(await terminal.run("bucket.x")).toEqual(["'5'"]);
    expect(await terminal.run("map.get('x')")).toEqual(["'5'"]);
  });

  it("says how to reach another bucket of a directory where none was named", async () => {
    const terminal = await prompts.open(server, ["--local", ":memory:"]);
    expect(terminal.lines).toContain(
      'No bucket was named, so it is "bucket". Another one: s3.NAME, or s3bucketmap --local DIR NAME',
    );
  });

  it("knows its commands, and Node's own", async () => {
    const terminal = await prompts.open(server);
    const help = (await terminal.run(".help")).join("\n");
    for (const command of [
      "ls",
      "more",
      "head",
      "get",
      "put",
      "url",
      "stats",
      "timing",
      "diagnose",
      "stack",
      "save",
      "load",
      "exit",
    ])
      expect(help).toMatch(new RegExp(`^\\.${command} +[A-Z]`, "m"));
    expect(help).toContain("copyAll");
    expect(help).toContain("docs/prompt.md");
  });

  it("has what the package exports in scope", async () => {
    const terminal = await prompts.open(server);
    for (const name of [
      "S3BucketMap",
      "asMap",
      "asObject",
      "batch",
      "copyAll",
      "edit",
      "json",
      "live",
      "restore",
    ])
      expect(await terminal.run(`typeof ${name}`)).toEqual(["'function'"]);
    expect(await terminal.run("asObject(json(map.subMap('j/'))).x = [1]; bucket['j/x']")).toEqual(["'[1]'"]);
    expect(await terminal.run("const json = 1; json")).toEqual(["1"]);
  });

  it("says what to write instead of a method that the bucket's object has not", async () => {
    const terminal = await prompts.open(server);
    const said = async (line: string): Promise<string> => (await terminal.run(line)).join("");
    expect(await said("for (const key of bucket);")).toContain(
      "for (const key in bucket) …, or Object.entries(bucket).",
    );
    expect(await said("bucket.forEach(console.log)")).toContain(
      "Object.entries(bucket).forEach(…), or Object.keys.",
    );
    expect(await said("bucket.hasOwnProperty('x')")).toContain(
      '"key" in bucket, or Object.hasOwn(bucket, "key").',
    );
    expect(await said("bucket.list()")).toContain(
      "is not a function. Here every name is a key; its map, asMap(bucket), has methods.",
    );
    expect(await said("[].nothing()")).not.toContain("Here");
  });

  it("lists keys without their times where the terminal is narrow", async () => {
    const terminal = await prompts.open(server, ["s3://bucket/dir/"], {}, 40);
    expect(await terminal.run(".ls")).toEqual(["    size  key", "  1 byte  x", "          y/"]);
  });

  it("says how to see what an iterator yields, and takes nothing from it", async () => {
    const terminal = await prompts.open(server);
    expect(await terminal.run("map.keys()")).toEqual(["Object [Generator] {} [..._] shows what it yields"]);
    expect(await terminal.run("[..._].length")).toEqual(["4"]);
    expect(await terminal.run("(async function* () {})()")).toEqual(["Object [AsyncGenerator] {}"]);
  });

  it("names an option as the command line does, too", async () => {
    server.fault({ key: "moved", action: { status: 301, code: "PermanentRedirect" }, times: Infinity });
    const terminal = await prompts.open(server);
    expect((await terminal.run("bucket.moved")).join(" ")).toContain("set the option region (--region).");
  });

  it("awaits at the top level", async () => {
    const terminal = await prompts.open(server);
    expect(await terminal.run("const later = await Promise.resolve(bucket.testKey)")).toEqual(["undefined"]);
    expect(await terminal.run("later")).toEqual(["'value'"]);
  });

  it("shows an error in one line, with its code and advice, in red where there are colours; its stack at .stack", async () => {
    server.fault({ key: "denied", action: { status: 403, code: "AccessDenied" }, times: Infinity });
    const terminal = await prompts.open(server);
    const shown = (await terminal.run("bucket.denied")).join("");
    expect(shown).toMatch(
      /^Uncaught AccessDeniedError: Cannot read "denied" in bucket "bucket": AccessDenied \(HTTP 403\)/,
    );
    expect(shown).toContain("S3 also answers 403 for a missing key");
    expect(shown).not.toContain("    at ");
    const full = await terminal.run(".stack");
    expect(full.join("\n")).toMatch(/^AccessDeniedError: [\s\S]*\n {4}at REPL\d+:1:\d+/);
    expect(await terminal.run("throw new Error('of two\\nlines')")).toEqual(["Uncaught Error: of two lines"]);
    expect(await terminal.run("throw { plain: 1 }")).toEqual(["Uncaught { plain: 1 }"]);
    expect((await terminal.run("bucket.x = 5")).join("")).toMatch(
      /^Uncaught TypeError: The value of "[^"]+" must be a string/,
    );
    expect((await terminal.run("_error")).join("\n")).toContain("\n    at ");
    terminal.mark();
    terminal.press("setTimeout(() => (bucket.x = 5)); 0\r");
    await terminal.shows(/^> Uncaught TypeError: The value of /m);
    await terminal.prompt();
    expect(terminal.lines.join("\n")).not.toContain("    at ");
    expect((await terminal.run(".stack")).join("\n")).toMatch(/^TypeError: The value of [\s\S]*\n {4}at /);

    const colored = await prompts.open(server, ["bucket"], { NO_COLOR: "", FORCE_COLOR: "1" });
    colored.press("bucket.denied\r");
    await colored.shows("AccessDenied");
    expect(colored.raw).toContain('\x1b[31mAccessDeniedError: Cannot read "denied"');
  });

  it("shortens what is long, and says how long it is", async () => {
    map.set("long", "x".repeat(123_456));
    const terminal = await prompts.open(server);
    const text = (await terminal.run("bucket.long")).join("");
    expect(text).toBe(`'${"x".repeat(400)}' … 123,456 characters, 121 KB: console.log(_) shows them`);
    expect((await terminal.run("bucket.testKey")).join("")).toBe("'value'");
    const many = await terminal.run(
      "Object.fromEntries(Array.from({ length: 5000 }, (_, at) => ['k' + at, at]))",
    );
    expect(many.at(-1)).toMatch(/^… 5,002 lines, [\d,]+ characters: console\.log\(_\) shows them$/);
    // The terminal has 40 rows.
    expect(many).toHaveLength(38);
    const rows = await terminal.run("'row\\n'.repeat(90)");
    expect([rows.length, rows[0], ...rows.slice(-2)]).toEqual([
      38,
      "'row\\n' +",
      "  'row\\n' +",
      "… 360 characters, 360 bytes: console.log(_) shows them",
    ]);
    const nested = await terminal.run("[['x'.repeat(9000)]]");
    expect(nested.at(-1)).toBe("… 5 lines, 9,018 characters: console.log(_) shows them");
    expect(nested).toHaveLength(38);

    const bytes = await prompts.open(server, ["--bytes", "bucket"]);
    expect((await bytes.run("bucket.long")).join("")).toMatch(
      /^<Buffer (78 ){50}\.\.\. 123406 more bytes> \(121 KB\)$/,
    );
  });

  it("reads and writes JSON with --json", async () => {
    const terminal = await prompts.open(server, ["--json", "bucket"]);
    expect(await terminal.run("bucket.user = { name: 'Ann', tags: ['new'] }")).toEqual([
      "{ name: 'Ann', tags: [ 'new' ] }",
    ]);
    expect((await terminal.run("bucket.user")).map(withoutProxyMarks)).toEqual([
      "{ name: 'Ann', tags: [ 'new' ] }",
    ]);
    expect(map.get("user")).toBe('{"name":"Ann","tags":["new"]}');
    await terminal.type("bucket.us");
    terminal.press(keys.tab);
    await terminal.shows(/^> bucket\.user$/m);
  });

  it("edits a value in place with --json", async () => {
    map.set("user", '{"name":"Ann","tags":["new"]}');
    const terminal = await prompts.open(server, ["--json", "bucket"]);
    expect(await terminal.run("bucket.user.name = 'Anna'")).toEqual(["'Anna'"]);
    expect(await terminal.run("bucket.user.tags.push('old')")).toEqual(["2"]);
    expect(map.get("user")).toBe('{"name":"Anna","tags":["new","old"]}');
    expect((await terminal.run("bucket.user")).map(withoutProxyMarks)).toEqual([
      "{ name: 'Anna', tags: [ 'new', 'old' ] }",
    ]);
    expect((await terminal.run("bucket.user.born = new Date()")).join(" ")).toContain("cannot keep a Date");
  });

  it("keeps its history in a file", async () => {
    const first = await prompts.open(server);
    await first.run("'remembered'.length");
    first.press(keys.ctrlD);
    expect(await first.ended()).toBe(0);
    expect(readFileSync(path.join(prompts.folder, ".s3bucketmap_history"), "utf8")).toContain(
      "'remembered'.length",
    );
    const second = await prompts.open(server);
    second.press(keys.up);
    await second.shows(/^> 'remembered'\.length$/m);

    second.press(keys.ctrlU);
    for (let at = 0; at < 32; at += 1) await second.run(String(at));
    second.press(keys.ctrlD);
    expect(await second.ended()).toBe(0);
    const kept = readFileSync(path.join(prompts.folder, ".s3bucketmap_history"), "utf8").trim().split("\n");
    expect(kept).toContain("'remembered'.length");
    expect(kept.length).toBeGreaterThan(32);

    const other = path.join(prompts.folder, "other history");
    const third = await prompts.open(server, ["bucket"], { S3BUCKETMAP_HISTORY: other });
    third.press(".exit\r");
    expect(await third.ended()).toBe(0);
    expect(existsSync(other)).toBe(true);
  });
});

describeInTerminal("the commands", () => {
  it("list one level deep with sizes, times and folders", async () => {
    const terminal = await prompts.open(server);
    const time = String.raw`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d`;
    expect(await terminal.run(".ls")).toEqual([
      expect.stringMatching(/^ +size {2}modified {13}key$/),
      expect.stringMatching(/^ +a b\/$/),
      expect.stringMatching(/^ +dir\/$/),
      expect.stringMatching(new RegExp(`^ +5 bytes {2}${time} {2}testKey$`)),
    ]);
    expect((await terminal.run(".ls dir/")).slice(1)).toEqual([
      expect.stringMatching(/1 byte {2}.*dir\/x$/),
      expect.stringMatching(/^ +dir\/y\/$/),
    ]);
    expect(await terminal.run('.ls "a b/x"')).toEqual(["(no key begins with a b/x)"]);
  });

  it("list a screen at a time, each by 1 LIST", async () => {
    map.setMany(Array.from({ length: 90 }, (_, at) => [`n${at + 100}`, "x"]));
    map.setMany([["n130/x", "folder"]]);
    const terminal = await prompts.open(server);
    server.reset();
    const pages = [await terminal.run(".ls n"), await terminal.run(".more"), await terminal.run(".more")];
    expect(server.counts()).toMatchObject({ total: 3, LIST: 3 });
    const shown = pages.flat().filter((line) => / n\d{3}\/?$/.test(line));
    expect(shown.map((line) => line.trim().split(" ").at(-1))).toEqual(
      Array.from({ length: 90 }, (_, at) => `n${at + 100}`).flatMap((key) =>
        key === "n130" ? [key, "n130/"] : [key],
      ),
    );
    expect(pages.map((page) => page.at(-1))).toEqual([
      "… and more: .more lists them",
      "… and more: .more lists them",
      expect.stringMatching(/n189$/),
    ]);
    expect(await terminal.run(".more")).toEqual([
      "Error: There are no more keys. Begin again with .ls [prefix].",
    ]);
  });

  it("show a head, and copy values from and to files", async () => {
    const terminal = await prompts.open(server, ["bucket"]);
    expect((await terminal.run(".head testKey")).join("\n")).toContain("size: 5");
    expect((await terminal.run(".url testKey 60")).join("")).toMatch(
      /^http:\S+\/bucket\/testKey\?\S*X-Amz-Expires=60&/,
    );
    expect((await terminal.run(".url testKey soon")).join("")).toMatch(/^Error: Say for how many seconds/);
    expect(await terminal.run(".head nothing")).toEqual(["Error: There is no key nothing."]);

    const bytes = Buffer.from([0, 255, 254, 10]);
    writeFileSync(path.join(prompts.folder, "my bytes"), bytes);
    expect(await terminal.run('.put "my bytes" "a b/bytes"')).toEqual(["4 bytes in a b/bytes"]);
    expect(await terminal.run(".get 'a b/bytes' copied")).toEqual(["4 bytes in copied"]);
    expect(readFileSync(path.join(prompts.folder, "copied"))).toEqual(bytes);

    expect(await terminal.run(".get testKey copied")).toEqual([
      "Error: copied already exists, and .get overwrites nothing. Name another file.",
    ]);
    expect(readFileSync(path.join(prompts.folder, "copied"))).toEqual(bytes);
    expect(await terminal.run(".get nothing elsewhere")).toEqual(["Error: There is no key nothing."]);
    expect(existsSync(path.join(prompts.folder, "elsewhere"))).toBe(false);
    expect((await terminal.run(".put nowhere key")).join("")).toMatch(
      /^S3BucketMapError: .*FileNotRead: .*there is no such file or directory \(ENOENT\)/,
    );
    expect(await terminal.run(".get testKey")).toEqual([
      "Error: Say which key and which file: .get key file",
    ]);
    expect((await terminal.run(".ls 'open")).join("")).toBe("SyntaxError: The quote is not closed: 'open");
    expect(await terminal.run(".lls")).toEqual(["Error: There is no command .lls: did you mean .ls?"]);
    expect(await terminal.run(".frobnicate 1")).toEqual([
      "Error: There is no command .frobnicate: .help lists them",
    ]);
    expect((await terminal.run(".head a b")).join("")).toMatch(/^Error: That is 1 too many/);
  });

  it("copy into a directory and under a folder by the last name, as cp does, and know ~", async () => {
    const terminal = await prompts.open(server);
    const local = (...names: string[]): string => path.join(prompts.folder, ...names);
    mkdirSync(local("sub", "x"), { recursive: true });
    writeFileSync(local("sub", "mine"), "mine");
    expect(await terminal.run(".get testKey sub")).toEqual(["5 bytes in sub/testKey"]);
    expect(await terminal.run(".get 'a b/c' sub/")).toEqual(["1 byte in sub/c"]);
    expect(readFileSync(local("sub", "c"), "utf8")).toBe("3");
    expect(await terminal.run(".get dir/x sub")).toEqual([
      "Error: sub/x already exists, and .get overwrites nothing. Name another file.",
    ]);
    expect((await terminal.run(".get testKey missing/")).join("")).toMatch(/FileNotWritten: /);

    map.set("dir/..", "climbs");
    expect((await terminal.run(".get dir/.. sub")).join("")).toMatch(/already exists/);

    // The home directory of the prompt.
    expect(await terminal.run(".put ~/sub/mine new/")).toEqual(["4 bytes in new/mine"]);
    expect(map.get("new/mine")).toBe("mine");
    expect((await terminal.run(".get testKey ~/home")).join("")).toMatch(/^5 bytes in .*\/home$/);
    expect(readFileSync(local("home"), "utf8")).toBe("value");
    expect((await terminal.run(".get testKey ~")).join("")).toMatch(/^5 bytes in .*\/testKey$/);
  });

  it("say what is wrong with a line that begins with a dot", async () => {
    const terminal = await prompts.open(server);
    const isMethod =
      "Error: A line that begins with a dot is a command. A statement over several lines needs .editor.";
    for (const line of ['.subMap("users/")', '.get("x")', '.get("a b")', ".then(console.log)"])
      expect(await terminal.run(line)).toEqual([isMethod]);
    expect(await terminal.run(". ls")).toEqual([
      "Error: A command's name comes directly after the dot: .help lists them",
    ]);
  });

  it("are named for a word that is no variable", async () => {
    const terminal = await prompts.open(server);
    for (const name of ["ls", "head", "put", "help"])
      expect(await terminal.run(name)).toEqual([
        `Uncaught ReferenceError: ${name} is not defined. Did you mean .${name}?`,
      ]);
    expect(await terminal.run("lls")).toEqual(["Uncaught ReferenceError: lls is not defined"]);
    expect(await terminal.run("toString.ls")).toEqual(["undefined"]);
  });

  it("count the requests, by operation and by line", async () => {
    const terminal = await prompts.open(server);
    expect(await terminal.run(".stats")).toEqual(["No requests yet."]);
    await terminal.run("bucket.k = 'four'; bucket.k; bucket.missing; 'k' in bucket");
    const stats = await terminal.run(".stats");
    const row = (name: string): string[] =>
      stats
        .find((line) => line.trim().startsWith(name))
        ?.trim()
        .split(/ {2,}/)
        .slice(0, 5) ?? [];
    expect(row("PutObject")).toEqual(["PutObject", "1", "0", "4 bytes", "0 bytes"]);
    expect(row("GetObject").slice(0, 4)).toEqual(["GetObject", "2", "0", "0 bytes"]);
    expect(row("HeadObject")).toEqual(["HeadObject", "1", "0", "0 bytes", "0 bytes"]);
    expect(row("all").slice(0, 3)).toEqual(["all", "4", "0"]);

    expect(await terminal.run(".timing on")).toEqual(["Timing is on."]);
    expect(await terminal.run("bucket.k; bucket.k; bucket.j = 'x'")).toEqual([
      "'x'",
      expect.stringMatching(/^\d+\.\d ms, 3 requests \(PutObject, 2 GetObject\)$/),
    ]);
    expect((await terminal.run("1 + 1")).at(-1)).toMatch(/^\d+\.\d ms, 0 requests$/);
    expect((await terminal.run("bucket")).at(-1)).toMatch(/^\d+\.\d ms, 1 request \(ListObjectsV2\)$/);
    expect((await terminal.run("nope")).at(-1)).toMatch(/^\d+\.\d ms, 0 requests$/);
    expect(await terminal.run(".timing off")).toEqual(["Timing is off."]);
    expect(await terminal.run("1 + 1")).toEqual(["2"]);
  });
});

describeInTerminal("the prompt of a map that was closed", () => {
  it.each([[[]], [["--json"]]])("goes on, with an error for what needs the map, %j", async (options) => {
    const terminal = await prompts.open(server, [...options, "s3://bucket"]);
    await terminal.run(".timing");
    const timed = expect.stringMatching(/^\d+\.\d ms, 0 requests$/) as string;
    expect(await terminal.run("map.close()")).toEqual(["undefined", timed]);
    expect(await terminal.run("1 + 1")).toEqual(["2", timed]);
    expect(await terminal.run("map")).toEqual([expect.stringContaining("closed"), timed]);
    expect((await terminal.run("bucket")).join("\n")).toContain("(its keys cannot be listed: Closed)");
    const file = path.join(prompts.folder, "for-closed");
    writeFileSync(file, "x");
    const lines = ["bucket.testKey", "Object.keys(bucket)", ".ls", ".head testKey", ".url testKey"];
    for (const line of [...lines, `.get testKey ${file}-copy`, `.put ${file} key`, ".diagnose"])
      expect((await terminal.run(line)).join("\n")).toContain("Closed");
    for (const begun of ["bucket.te", "map.get('te", ".head te"]) {
      await terminal.type(begun);
      terminal.press(keys.tab);
      expect((await terminal.run(keys.ctrlU + "1 + 1"))[0]).toBe("2");
    }
    expect((await terminal.run(".stats"))[0]).toBe("No requests yet.");
    expect(await terminal.run("s3.bucket['dir/x']")).toEqual([
      "'5'",
      expect.stringMatching(/^\d+\.\d ms, 1 request \(GetObject\)$/),
    ]);
  });

  it("says that Ctrl-C interrupted the line", async () => {
    const terminal = await prompts.open(server);
    await terminal.run("map.close()");
    terminal.press("for (;;);\r");
    await new Promise((resolve) => setTimeout(resolve, 300));
    terminal.mark();
    terminal.press(keys.ctrlC);
    await terminal.shows("Interrupted.");
    expect(await terminal.run("1 + 1")).toEqual(["2"]);
  });
});

describeInTerminal("the prompt without a worker thread", () => {
  it("goes on, and says that requests cannot be counted", async () => {
    const file = path.join(prompts.folder, "not-in-threads.js");
    writeFileSync(
      file,
      'if (!require("node:worker_threads").isMainThread) throw new Error("not in threads")',
    );
    const terminal = await prompts.open(server, ["s3://bucket"], { NODE_OPTIONS: `--require ${file}` });
    await terminal.run(".timing on");
    const shown = await terminal.run("1 + 1");
    expect(shown).toContain("2");
    expect(shown.join("\n")).toContain("WorkerNotStarted");
    await terminal.run(".timing off");
    expect(await terminal.run("1 + 1")).toEqual(["2"]);
  });
});

describeInTerminal("work that takes long", () => {
  it("shows how far it is, and the line is gone when its answer is there", async () => {
    map.setMany(Array.from({ length: 2500 }, (_, at) => [`n${at}`, "x"]));
    server.fault({ operation: "LIST", action: { delayMs: 600 }, times: Infinity });
    const terminal = await prompts.open(server);
    const shown = await terminal.run("Object.keys(bucket).length");
    expect(terminal.raw).toMatch(/listing s3:\/\/bucket\/: [12],000 keys, \d\.\d s/);
    expect(shown).toEqual(["2504"]);
  });

  it.each([20, 40, 56])("keeps to one row of a terminal of %d columns", async (columns) => {
    server.fault({ operation: "GetObject", action: { delayMs: 90 }, times: Infinity });
    const terminal = await prompts.open(server, ["s3://bucket"], {}, columns);
    terminal.mark();
    terminal.press("for (let n = 0; n < 20; n += 1) map.get('morning/' + n * n)\r");
    await terminal.until(() => /\b1\.\d s/.test(terminal.raw), "the progress");
    await terminal.shows("undefined");
    await terminal.prompt();
    expect(terminal.lines.join("")).not.toMatch(/requests|reading/);
  });

  it("shows the bytes of a large value while they come", async () => {
    map.set("large", "x".repeat(8_000_000));
    server.fault({ key: "large", action: { delayMs: 1200 } });
    const terminal = await prompts.open(server);
    expect(await terminal.run("bucket.large.length")).toEqual(["8000000"]);
    expect(terminal.raw).toMatch(/reading s3:\/\/bucket\/large: /);
  });

  it("shows how much of a file has moved", async () => {
    map.set("large", "x".repeat(8 * 1024 ** 2));
    server.fault({ key: "large", action: { hold: 1 } });
    const terminal = await prompts.open(server);
    terminal.press(".get large moved\r");
    await terminal.until(() => terminal.raw.includes(" of 8.0 MB, "), "the progress");
    expect(terminal.raw).toMatch(/downloading s3:\/\/bucket\/large: [^\r]* of 8\.0 MB, /);
    map.get("x");
    await terminal.shows("8.0 MB in moved");
  });

  it("is drawn no more after Ctrl-C", async () => {
    server.fault({ key: "stalled", action: { stall: "before" } });
    const terminal = await prompts.open(server);
    terminal.press("bucket.stalled\r");
    await terminal.until(() => /stalled: .* 1\.\d s/.test(terminal.raw), "the progress");
    // The bytes of the request itself are not read.
    expect(terminal.raw).toMatch(/reading s3:\/\/bucket\/stalled: no response yet, 1\.\d s/);
    expect(terminal.raw).not.toMatch(/stalled: .*bytes/);
    terminal.press(keys.ctrlC);
    await terminal.shows("Interrupted.");
    await terminal.prompt();
    const drawn = terminal.raw.length;
    await terminal.run("await new Promise((resolve) => setTimeout(resolve, 500))");
    expect(terminal.raw.slice(drawn)).not.toContain("reading");
  });

  it("says nothing in a script, unless asked to, nor where stderr is no terminal", async () => {
    const script = `const { s3Bucket } = require(${JSON.stringify(path.join(__dirname, "../../dist/index.js"))});
      s3Bucket("bucket", {}).slow; console.log("ended"); setInterval(() => {}, 1000)`;
    const run = async (env: Record<string, string>, redirect = ""): Promise<string> => {
      server.fault({ key: "slow", action: { delayMs: 1500 } });
      const terminal = prompts.run(["sh", "-c", `"$0" -e "$1" ${redirect}`, process.execPath, script], {
        ...prompts.environment(server),
        ...env,
      });
      await terminal.shows("ended");
      return terminal.raw;
    };
    expect(await run({})).not.toContain("reading");
    expect(await run({ S3BUCKETMAP_PROGRESS: "1" })).toContain("reading s3://bucket/slow");
    expect(await run({ S3BUCKETMAP_PROGRESS: "1" }, "2>stderr")).not.toContain("reading");
    expect(readFileSync(path.join(prompts.folder, "stderr"), "utf8")).toBe("");
  });
});
