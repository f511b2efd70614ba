// npm run example:backup [-- ACCESS_KEY SECRET_KEY BUCKET]
// A folder backed up into a bucket: incremental, restorable, verified, with files of any size.
const { createHash } = require("node:crypto");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { S3BucketMap } = require("s3bucketmap");
const { json } = require("s3bucketmap/layers");
const { withBucket } = require("./open-bucket.js");

/** Reads a file piece by piece, as it may not fit into memory. @param {string} file */
function digest(file) {
  const hash = createHash("sha256");
  const piece = Buffer.alloc(1024 * 1024);
  const open = fs.openSync(file, "r");
  for (let length = 1; length > 0; hash.update(piece.subarray(0, length)))
    length = fs.readSync(open, piece, 0, piece.length, null);
  fs.closeSync(open);
  return hash.digest("hex");
}

/** The files of a folder, by their paths in it. @param {string} folder */
function filesOf(folder) {
  const found = fs.readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = found.filter((entry) => entry.isFile());
  return files.map((entry) => path.relative(folder, path.join(entry.parentPath ?? entry.path, entry.name)));
}

/** Contents by their digest, each stored once; and for each backup the list of its files, stored last. */
class Backup {
  /** @param {S3BucketMap} map */
  constructor(map) {
    this.contents = map.subMap("contents/");
    /** @type {import("s3bucketmap").SyncMap<Readonly<Record<string, string>>>} */
    this.lists = json(map.subMap("lists/"));
  }

  /** @param {string} name @param {string} folder */
  save(name, folder) {
    const stored = new Set(this.contents.keys());
    const before = stored.size;
    /** @type {Record<string, string>} */
    const list = {};
    for (const file of filesOf(folder)) {
      const source = path.join(folder, file);
      const of = digest(source);
      list[file.split(path.sep).join("/")] = of;
      // If the file changes in between, verify will find it.
      if (!stored.has(of)) this.contents.putFile(of, source);
      stored.add(of);
    }
    // Only now: a backup that was interrupted has no list, and is none.
    if (!this.lists.create(name, list)) throw new Error(`There is a backup ${name} already.`);
    return { files: Object.keys(list).length, stored: stored.size - before };
  }

  /** Reads every content of a backup, and says which files are missing or damaged. @param {string} name @param {string} work */
  verify(name, work) {
    const copy = path.join(work, "verified");
    const list = Object.entries(this.#list(name));
    return list
      .filter(([, of]) => !this.contents.getFile(of, copy) || digest(copy) !== of)
      .map(([file]) => file);
  }

  /** @param {string} name @param {string} folder */
  restore(name, folder) {
    for (const [file, of] of Object.entries(this.#list(name))) {
      const target = path.resolve(folder, file);
      if (!target.startsWith(path.resolve(folder) + path.sep))
        throw new Error(`${file} is outside of the folder.`);
      fs.mkdirSync(path.dirname(target), { recursive: true });
      if (!this.contents.getFile(of, target)) throw new Error(`The content of ${file} is missing.`);
      if (digest(target) !== of) throw new Error(`The content of ${file} is damaged.`);
    }
  }

  /** @param {string} name */
  #list(name) {
    const list = this.lists.get(name);
    if (list === undefined) throw new Error(`There is no backup ${name}.`);
    return list;
  }
}

void withBucket((_bucket, [location, options]) => {
  const work = fs.mkdtempSync(path.join(os.tmpdir(), "s3bucketmap-backup-"));
  try {
    const folder = path.join(work, "folder");
    fs.mkdirSync(path.join(folder, "notes"), { recursive: true });
    fs.writeFileSync(path.join(folder, "picture.bin"), Buffer.alloc(100_000, "pixels"));
    fs.writeFileSync(path.join(folder, "notes/today.txt"), "so many words\n".repeat(100));

    const map = new S3BucketMap(location, options);
    const backup = new Backup(map);
    console.log("monday:", backup.save("monday", folder));
    fs.appendFileSync(path.join(folder, "notes/today.txt"), "one more\n");
    fs.copyFileSync(path.join(folder, "picture.bin"), path.join(folder, "copy.bin"));
    console.log("tuesday:", backup.save("tuesday", folder));

    console.log(`${[...backup.contents.keys()].length} contents, from the files themselves`);

    backup.restore("monday", path.join(work, "restored"));
    console.log(`restored: ${filesOf(path.join(work, "restored")).sort().join(", ")}`);
    const words = fs.readFileSync(path.join(work, "restored", "notes", "today.txt"), "utf8");
    console.log(`as it was on monday: ${words === "so many words\n".repeat(100)}`);

    console.log(`damaged on tuesday: ${backup.verify("tuesday", work).length}`);
    const [some] = Object.values(backup.lists.get("tuesday") ?? {});
    backup.contents.set(String(some), "something else");
    console.log(`damaged on tuesday, after an accident: ${backup.verify("tuesday", work).length > 0}`);
  } finally {
    fs.rmSync(work, { recursive: true });
  }
});
