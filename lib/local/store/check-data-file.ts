import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { LocalS3Error } from "../local-error.js";

// The structures of a data file on a 64-bit machine, with the offsets of their fields. The names are those in LMDB's
// source. The package lmdb is built from its branch mdb.master3:
// https://github.com/LMDB/lmdb/blob/mdb.master3/libraries/liblmdb/mdb.c
const MDB_page_header = { pgno: 0, flags: 18, lower: 20, upper: 22, SIZE: 24 } as const;
const MDB_db = { pad: 0, root: 40, SIZE: 48 } as const;
const MDB_meta = { magic: 0, version: 4, dbs: 24, txnid: 128, SIZE: 144 } as const;
const MDB_node = { lo: 0, flags: 4, ksize: 6, data: 8 } as const;
const MDB_ovpage = { pgno: 0, pages: 16, SIZE: 24 } as const;

const MDB_MAGIC = 0xbeefc0de;
const MDB_DATA_VERSION = 2;
const P_BRANCH = 1;
const P_LEAF = 2;
const P_META = 8;
/** The value is on overflow pages, and the node has an MDB_ovpage. */
const F_BIGDATA = 1;
/** The value is an MDB_db, which has a tree of its own. */
const F_SUBDATA = 2;
/** The root of an empty tree. */
const P_INVALID = 2n ** 64n - 1n;
const NUM_METAS = 2n;
/** The page header of format 1 is shorter, so its MDB_meta begins here. */
const FORMAT_1_META = 16;

// Bounds the time for a large store. This many pages contain the trees of about 10,000 keys.
const MAX_PAGES = 512;
// An attempt may fail because another process has just reused pages of the state that is read.
const MAX_ATTEMPTS = 20;

class Damage extends Error {}

/**
 * Throws for a file that LMDB would reject, or whose damage would make LMDB end the process later. Reads both meta
 * pages, and up to {@link MAX_PAGES} pages of the trees, from their roots.
 *
 * @param name - the file's path for errors
 */
export function checkDataFile(file: string, name: string): void {
  // The layout differs on other machines.
  if (!process.arch.endsWith("64")) return;
  const descriptor = openSync(file, "r");
  try {
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
      const state = readState(descriptor);
      try {
        if (state !== undefined) checkTrees(descriptor, state);
        return;
      } catch (error) {
        const isDamage = error instanceof Damage;
        if (!isDamage || readState(descriptor)?.transaction === state?.transaction) throw error;
      }
    }
  } catch (error) {
    if (!(error instanceof Damage)) throw error;
    throw new LocalS3Error("LocalS3Damaged", `"${name}" is damaged: ${error.message}`);
  } finally {
    closeSync(descriptor);
  }
}

/** What the newest commit has written. */
interface State {
  pageSize: number;
  pages: bigint;
  transaction: bigint;
  roots: bigint[];
}

/** The state in the newer of the two meta pages, or undefined for an empty file. */
function readState(file: number): State | undefined {
  if (fstatSync(file).size === 0) return undefined;
  const first = metaAt(file, 0);
  const second = metaAt(file, first.pageSize);
  if (first.pageSize !== second.pageSize) throw new Damage("its two heads differ");
  const newer = second.transaction > first.transaction ? second : first;
  // The size is read last: if the file is growing, it then has all pages to which the meta pages refer.
  return { ...newer, pages: BigInt(Math.floor(fstatSync(file).size / newer.pageSize)) };
}

function metaAt(file: number, position: number): Omit<State, "pages"> {
  const page = read(file, position, MDB_page_header.SIZE + MDB_meta.SIZE);
  const meta = page.subarray(MDB_page_header.SIZE);
  if (meta.readUInt32LE(MDB_meta.magic) !== MDB_MAGIC) {
    if (meta.readUInt32BE(MDB_meta.magic) === MDB_MAGIC)
      throw otherFormat("of a machine with another byte order");
    const old = page.subarray(FORMAT_1_META);
    if (old.readUInt32LE(MDB_meta.magic) === MDB_MAGIC)
      throw otherFormat(`LMDB's format ${old.readUInt32LE(MDB_meta.version)}`);
    throw new Damage(`it has no head at ${position}`);
  }
  const version = meta.readUInt32LE(MDB_meta.version) & 0xffff;
  if (version !== MDB_DATA_VERSION) throw otherFormat(`LMDB's format ${version}`);
  // The first tree is that of the free pages, and its `pad` is the page size. The second is that of the data.
  const [free, main] = [MDB_meta.dbs, MDB_meta.dbs + MDB_db.SIZE];
  const pageSize = meta.readUInt32LE(free + MDB_db.pad);
  if (pageSize < 512 || pageSize > 65536 || (pageSize & (pageSize - 1)) !== 0)
    throw new Damage(`its pages have ${pageSize} bytes`);
  if ((page.readUInt16LE(MDB_page_header.flags) & P_META) === 0)
    throw new Damage(`the page at ${position} is no head`);
  return {
    pageSize,
    transaction: meta.readBigUInt64LE(MDB_meta.txnid),
    roots: [free, main].map((tree) => meta.readBigUInt64LE(tree + MDB_db.root)),
  };
}

function otherFormat(what: string): LocalS3Error {
  return new LocalS3Error(
    "LocalS3OtherFormat",
    `its data is in a format that this version does not read: ${what}`,
  );
}

function checkTrees(file: number, { pageSize, pages, roots }: State): void {
  const due = roots.filter((root) => root !== P_INVALID);
  for (let at = 0; at < due.length && at < MAX_PAGES; at++) {
    const number = due[at]!;
    if (number < NUM_METAS || number >= pages) throw new Damage(`page ${number} is missing`);
    due.push(...childrenOf(read(file, Number(number) * pageSize, pageSize), number, pages));
  }
}

/** The numbers of a tree page's child pages. Of values on overflow pages, only the page numbers are checked. */
function childrenOf(page: Buffer, number: bigint, pages: bigint): bigint[] {
  const check = (isRight: boolean): void => {
    if (!isRight) throw new Damage(`page ${number} is damaged`);
  };
  const flags = page.readUInt16LE(MDB_page_header.flags);
  check(page.readBigUInt64LE(MDB_page_header.pgno) === number && (flags === P_BRANCH || flags === P_LEAF));
  // `lower` is the end of the list of offsets behind the header, and `upper` the beginning of the nodes.
  const lower = page.readUInt16LE(MDB_page_header.lower);
  const upper = page.readUInt16LE(MDB_page_header.upper);
  const body = page.subarray(MDB_page_header.SIZE);
  check(lower > 0 && lower % 2 === 0 && lower <= upper && upper <= body.length);
  const children: bigint[] = [];
  for (let entry = 0; entry < lower; entry += 2) {
    const start = body.readUInt16LE(entry);
    check(start >= upper && start + MDB_node.data <= body.length);
    const node = body.subarray(start);
    const nodeFlags = node.readUInt16LE(MDB_node.flags);
    const value = MDB_node.data + node.readUInt16LE(MDB_node.ksize);
    check(value <= node.length);
    const size = node.readUInt32LE(MDB_node.lo);
    // On a branch page, the size and the flags together are a page number.
    if (flags === P_BRANCH) children.push(BigInt(size) + (BigInt(nodeFlags) << 32n));
    else if ((nodeFlags & F_BIGDATA) !== 0) {
      check(value + MDB_ovpage.SIZE <= node.length);
      const first = node.readBigUInt64LE(value + MDB_ovpage.pgno);
      if (first < NUM_METAS || first + node.readBigUInt64LE(value + MDB_ovpage.pages) > pages)
        throw new Damage("it ends before its last page");
    } else {
      check(value + size <= node.length);
      if ((nodeFlags & F_SUBDATA) === 0) continue;
      check(size === MDB_db.SIZE);
      const root = node.readBigUInt64LE(value + MDB_db.root);
      if (root !== P_INVALID) children.push(root);
    }
  }
  return children;
}

function read(file: number, position: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  if (readSync(file, bytes, 0, length, position) !== length)
    throw new Damage(`it ends before byte ${position + length}`);
  return bytes;
}
