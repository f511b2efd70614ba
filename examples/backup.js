// npm run example:backup [-- ACCESS_KEY SECRET_KEY BUCKET]
// A folder backed up into a bucket: incremental, compressed, restorable, verified.
const { createHash } = require("node:crypto");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { S3BucketMap } = require("s3bucketmap");
const { gzip, json } = require("s3bucketmap/layers");
const { withBucket } = require("./open-bucket.js");

const digest = (bytes) => createHash("sha256").update(bytes).digest("hex");

/** The files of a folder, by their paths in it with "/" between the names. */
function filesOf(folder) {
  const found = fs.readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = found.filter((entry) => entry.isFile());
  return files.map((entry) => path.relative(folder, path.join(entry.parentPath ?? entry.path, entry.name)));
}

/** Contents by their digest, each stored once; and for each backup the list of its files, stored last. */
class Backup {
  constructor(map) {
    this.contents = gzip(map.subMap("contents/"));
    this.lists = json(map.subMap("lists/"));
  }

  save(name, folder) {
    const stored = new Set(this.contents.keys());
    const list = {};
    const fresh = new Map();
    for (const file of filesOf(folder)) {
      const bytes = fs.readFileSync(path.join(folder, file));
      list[file.split(path.sep).join("/")] = digest(bytes);
      if (!stored.has(digest(bytes))) fresh.set(digest(bytes), bytes);
    }
    this.contents.setMany(fresh);
    // Only now: a backup that was interrupted has no list, and is none.
    if (!this.lists.create(name, list)) throw new Error(`There is a backup ${name} already.`);
    return { files: Object.keys(list).length, stored: fresh.size };
  }

  /** Reads every content of a backup, and says which files are missing or damaged. */
  verify(name) {
    const list = Object.entries(this.lists.get(name));
    return list.filter(([, of]) => !this.#isWhole(of)).map(([file]) => file);
  }

  restore(name, folder) {
    for (const [file, of] of Object.entries(this.lists.get(name))) {
      const target = path.resolve(folder, file);
      if (!target.startsWith(path.resolve(folder) + path.sep))
        throw new Error(`${file} is outside of the folder.`);
      if (!this.#isWhole(of)) throw new Error(`The content of ${file} is damaged.`);
      fs.mkdirSync(path.dirname(target), { recursive: true });
      fs.writeFileSync(target, this.contents.get(of));
    }
  }

  #isWhole(of) {
    try {
      const bytes = this.contents.get(of);
      return bytes !== undefined && digest(bytes) === of;
    } catch (error) {
      if (error.code === "NotDecompressed") return false;
      throw error;
    }
  }
}

void withBucket((_bucket, [location, options]) => {
  const work = fs.mkdtempSync(path.join(os.tmpdir(), "s3bucketmap-backup-"));
  try {
    const folder = path.join(work, "folder");
    fs.mkdirSync(path.join(folder, "notes"), { recursive: true });
    fs.writeFileSync(path.join(folder, "picture.bin"), Buffer.alloc(100_000, "pixels"));
    fs.writeFileSync(path.join(folder, "notes/today.txt"), "so many words\n".repeat(100));

    const map = new S3BucketMap(location, { ...options, readAs: "bytes" });
    const backup = new Backup(map);
    console.log("monday:", backup.save("monday", folder));
    fs.appendFileSync(path.join(folder, "notes/today.txt"), "one more\n");
    fs.copyFileSync(path.join(folder, "picture.bin"), path.join(folder, "copy.bin"));
    console.log("tuesday:", backup.save("tuesday", folder));

    const sizes = [...map.list({ prefix: "contents/" })].map(({ size }) => size);
    console.log(
      `${sizes.length} contents, ${sizes.every((size) => size < 1000) ? "compressed" : "not compressed"}`,
    );

    backup.restore("monday", path.join(work, "restored"));
    console.log(`restored: ${filesOf(path.join(work, "restored")).sort().join(", ")}`);
    const words = fs.readFileSync(path.join(work, "restored", "notes", "today.txt"), "utf8");
    console.log(`as it was on monday: ${words === "so many words\n".repeat(100)}`);

    console.log(`damaged on tuesday: ${backup.verify("tuesday").length}`);
    const [some] = Object.values(backup.lists.get("tuesday"));
    backup.contents.set(some, "something else");
    console.log(`damaged on tuesday, after an accident: ${backup.verify("tuesday").length > 0}`);
  } finally {
    fs.rmSync(work, { recursive: true });
  }
});
