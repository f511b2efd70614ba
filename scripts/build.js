// Builds lib/ into dist/ and writes the build stamp, a digest of the sources, that the main thread and
// the worker compare when they first meet. With --if-stale it does nothing when dist/ already has the
// stamp of the sources as they are.
const { execFileSync } = require("node:child_process");
const { createHash } = require("node:crypto");
const fs = require("node:fs");
const path = require("node:path");
const { version } = require("../package.json");
const { bundleLibrary, bundleProgram } = require("./bundle.js");

const root = path.join(__dirname, "..");
const lib = path.join(root, "lib");
const dist = path.join(root, "dist");
const stampFile = path.join(dist, "build-stamp.json");

/** What runs where the library is imported and a map is made; spec/start says whether that is all. */
const early = [
  "arguments/attended.js",
  "arguments/keys.js",
  "arguments/location.js",
  "arguments/options.js",
  "bucket/background.js",
  "bucket/bucket-calls.js",
  "bucket/s3-bucket-map.js",
  "bucket/s3-bucket.js",
  "copies/facades.js",
  "copies/history.js",
  "copies/thread-wide.js",
  "errors/errors.js",
  "facade/bucket-object.js",
  "facade/listing.js",
  "facade/recent-listings.js",
  "map/batch.js",
  "map/stored.js",
];

function stampOfSources() {
  const hash = createHash("sha256");
  const files = fs.readdirSync(lib, { recursive: true, encoding: "utf8" }).sort();
  for (const file of [
    ...files.map((f) => path.join("lib", f)),
    "package.json",
    "scripts/build.js",
    "scripts/bundle.js",
    "tsconfig.build.json",
    "tsconfig.json",
  ]) {
    const full = path.join(root, file);
    if (!fs.statSync(full).isFile()) continue;
    hash.update(file).update("\0").update(fs.readFileSync(full)).update("\0");
  }
  return hash.digest("hex").slice(0, 16);
}

function stampOfBuild() {
  try {
    return JSON.parse(fs.readFileSync(stampFile, "utf8")).stamp;
  } catch {
    return undefined;
  }
}

const stamp = stampOfSources();
if (!process.argv.includes("--if-stale") || stampOfBuild() !== stamp) {
  fs.rmSync(dist, { recursive: true, force: true });
  execFileSync(
    process.execPath,
    [require.resolve("typescript/bin/tsc"), "-p", path.join(root, "tsconfig.build.json")],
    {
      stdio: "inherit",
    },
  );
  const stampModule = path.join(dist, "build-stamp.js");
  fs.writeFileSync(
    stampModule,
    fs.readFileSync(stampModule, "utf8").replace("@@BUILD_STAMP@@", stamp).replace("@@VERSION@@", version),
  );
  // The worker's first: the others' modules are no longer what tsc has made of them then.
  bundleProgram(dist, "worker/main.js", "worker.js");
  bundleLibrary(dist, "index.js", "calling-thread.js", { into: "first-call.js", early });
  // Last of all: a build that was interrupted has no stamp, and is made again.
  fs.writeFileSync(stampFile, `${JSON.stringify({ stamp })}\n`);
}
