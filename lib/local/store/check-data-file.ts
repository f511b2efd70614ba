import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { LocalS3Error } from "../local-error.js";

// The layout of LMDB's pages: https://github.com/LMDB/lmdb/blob/mdb.master3/libraries/liblmdb/mdb.c
const MAGIC = 0xbeefc0de;
const VERSION = 2;
const HEADER = 24;
const META_END = HEADER + 144;
const Page = { Branch: 1, Leaf: 2, Overflow: 4, Meta: 8 } as const;
const Node = { OnPages: 1, Tree: 2 } as const;
const NO_PAGE = 2n ** 64n - 1n;

// Bounds the time for a large store. This many pages hold the trees of some 10,000 keys.
const MAX_PAGES = 512;
// Each try may fail because another process has meanwhile reused pages of the state that is read.
const MAX_TRIES = 20;

class Damage extends Error {}

/**
 * Throws for a file that LMDB would refuse, or whose damage would make LMDB end the process later. Reads both meta pages,
 * and up to {@link MAX_PAGES} pages of the trees, from their roots.
 *
 * @param name - the file's path for errors
 */
export function checkDataFile(file: string, name: string): void {
  // On other machines the layout differs.
  if (!process.arch.endsWith("64")) return;
  const descriptor = openSync(file, "r");
  try {
    for (let tries = 1; tries <= MAX_TRIES; tries++) {
      let state: Meta | undefined;
      try {
        state = readMeta(descriptor);
        if (state !== undefined) checkTrees(descriptor, state);
        return;
      } catch (error) {
        if (!(error instanceof Damage)) throw error;
        if (state !== undefined && hasMoved(descriptor, state)) continue;
        throw new LocalS3Error("LocalS3Damaged", `"${name}" is damaged: ${error.message}`);
      }
    }
  } finally {
    closeSync(descriptor);
  }
}

function hasMoved(file: number, { transaction }: Meta): boolean {
  try {
    return readMeta(file)?.transaction !== transaction;
  } catch {
    return false;
  }
}

interface Meta {
  pageSize: number;
  pages: bigint;
  transaction: bigint;
  roots: bigint[];
}

/** The newer of the two meta pages, or undefined for an empty file. */
function readMeta(file: number): Meta | undefined {
  if (fstatSync(file).size === 0) return undefined;
  const first = metaAt(file, 0);
  const second = metaAt(file, first.pageSize);
  if (first.pageSize !== second.pageSize) throw new Damage("its two heads differ");
  const newer = second.transaction > first.transaction ? second : first;
  // Only now: a file that is growing has all pages to which its heads refer.
  return { ...newer, pages: BigInt(Math.floor(fstatSync(file).size / newer.pageSize)) };
}

function metaAt(file: number, position: number): Meta {
  const head = read(file, position, META_END);
  const magic = head.readUInt32LE(HEADER);
  if (magic !== MAGIC) {
    if (head.readUInt32BE(HEADER) === MAGIC) throw otherFormat("of a machine with another byte order");
    // Format 1 has shorter headers.
    if (head.readUInt32LE(16) === MAGIC) throw otherFormat(`LMDB's format ${head.readUInt32LE(20)}`);
    throw new Damage(`it has no head at ${position}`);
  }
  const version = head.readUInt32LE(HEADER + 4) & 0xffff;
  if (version !== VERSION) throw otherFormat(`LMDB's format ${version}`);
  const pageSize = head.readUInt32LE(HEADER + 24);
  if (pageSize < 512 || pageSize > 65536 || (pageSize & (pageSize - 1)) !== 0)
    throw new Damage(`its pages have ${pageSize} bytes`);
  if ((head.readUInt16LE(18) & Page.Meta) === 0) throw new Damage(`the page at ${position} is no head`);
  return {
    pageSize,
    pages: 0n,
    transaction: head.readBigUInt64LE(HEADER + 128),
    roots: [head.readBigUInt64LE(HEADER + 64), head.readBigUInt64LE(HEADER + 112)],
  };
}

function otherFormat(what: string): LocalS3Error {
  return new LocalS3Error(
    "LocalS3OtherFormat",
    `its data is in a format that this version does not read: ${what}`,
  );
}

function checkTrees(file: number, { pageSize, pages, roots }: Meta): void {
  const due = roots.filter((root) => root !== NO_PAGE);
  for (let at = 0; at < due.length && at < MAX_PAGES; at++) {
    const number = due[at]!;
    if (number < 2n || number >= pages) throw new Damage(`page ${number} is missing`);
    due.push(...childrenOf(read(file, Number(number) * pageSize, pageSize), number, pages));
  }
}

/** The numbers of a tree page's child pages. Of values on overflow pages, only their range is checked. */
function childrenOf(page: Buffer, number: bigint, pages: bigint): bigint[] {
  const wrong = (): never => {
    throw new Damage(`page ${number} is damaged`);
  };
  const isBranch = page.readUInt16LE(18) === Page.Branch;
  if (page.readBigUInt64LE(0) !== number || (!isBranch && page.readUInt16LE(18) !== Page.Leaf)) wrong();
  const lower = page.readUInt16LE(20);
  const upper = page.readUInt16LE(22);
  if (lower === 0 || lower % 2 !== 0 || lower > upper || upper > page.length - HEADER) wrong();
  const children: bigint[] = [];
  for (let entry = 0; entry < lower; entry += 2) {
    const node = HEADER + page.readUInt16LE(HEADER + entry);
    if (node < HEADER + upper || node + 8 > page.length) wrong();
    const flags = page.readUInt16LE(node + 4);
    const value = node + 8 + page.readUInt16LE(node + 6);
    if (value > page.length) wrong();
    const size = page.readUInt32LE(node);
    if (isBranch) children.push(BigInt(size) + (BigInt(flags) << 32n));
    else if ((flags & Node.OnPages) !== 0) {
      if (value + 24 > page.length) wrong();
      const first = page.readBigUInt64LE(value);
      if (first < 2n || first + page.readBigUInt64LE(value + 16) > pages)
        throw new Damage("it ends before its last page");
    } else if (value + size > page.length) wrong();
    else if ((flags & Node.Tree) !== 0) {
      if (size !== 48) wrong();
      const root = page.readBigUInt64LE(value + 40);
      if (root !== NO_PAGE) children.push(root);
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
