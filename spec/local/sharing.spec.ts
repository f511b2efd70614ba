import { createHash } from "node:crypto";
import { sweepPending } from "../../lib/local/body/body-writer.js";
import { Store } from "../../lib/local/store/store.js";
import { leftovers, localHandler, removeDirectories, send, temporaryDirectory } from "./client";
import { Peer } from "./peers";

afterAll(removeDirectories);
// More by hand: KILLS=300 npx jest spec/local/sharing -t killed
const kills = Number(process.env["KILLS"] ?? 20);
// Not an expectation: other processes may have the cores.
jest.setTimeout(120_000 + kills * 2000);

describe.each(["process", "thread"] as const)("a directory shared with another %s", (kind) => {
  let directory: string;
  let peers: Peer[];
  beforeEach(() => {
    directory = temporaryDirectory();
    peers = Array.from({ length: 2 }, () => new Peer(kind, directory));
  });
  afterEach(async () => {
    await Promise.all(peers.map((peer) => peer.kill()));
  });

  it("never reads what is older than an acknowledged write", async () => {
    const handler = localHandler({ directory });
    const [peer] = peers;
    let stale = 0;
    for (let round = 0; round < 300; round++) {
      await send(handler, "PUT", "/bucket/ping", { body: `value ${round}` });
      if (!(await peer?.ask("pong", { read: "ping", expected: `value ${round}`, write: "pong" }))) stale++;
      if ((await send(handler, "GET", "/bucket/pong")).body.toString() !== `value ${round}`) stale++;
    }
    expect(stale).toBe(0);
  });

  it("lets one of many win each If-None-Match", async () => {
    const keys = Array.from({ length: 40 }, (_, n) => `key-${n}`);
    const won = await Promise.all(
      peers.map((peer, name) => peer.ask<string[]>("createAll", { keys, as: String(name) })),
    );
    expect(won.flat().sort()).toEqual([...keys].sort());
    const handler = localHandler({ directory });
    for (const [name, winners] of won.entries())
      for (const key of winners)
        expect((await send(handler, "GET", `/bucket/${key}`)).body.toString()).toBe(String(name));
  });

  it("loses no increment by If-Match", async () => {
    const handler = localHandler({ directory });
    await send(handler, "PUT", "/bucket/counter", { body: "0" });
    await Promise.all(peers.map((peer) => peer.ask("increment", { key: "counter", times: 100 })));
    expect((await send(handler, "GET", "/bucket/counter")).body.toString()).toBe("200");
  });

  it("has every value whole, and every acknowledged one, when writers are killed", async () => {
    const handler = localHandler({ directory });
    // The last is longer than what one transaction takes, and so is written in several.
    const sizes = [10, 3000, 200_000, 1_500_000, 10_000_000];
    let from = 0;
    const torn: string[] = [];
    const lost: string[] = [];
    for (let round = 0; round < kills / 2; round++) {
      const writers = [new Peer(kind, directory), new Peer(kind, directory)];
      const keys = (n: number): string[] => ["a", "b", "c"].map((name) => `${name}${n}`);
      const running = writers.map((peer, n) =>
        peer.ask("overwrite", { keys: keys(n), sizes, from }).catch(() => undefined),
      );
      // At an arbitrary point of the work, which moves on from round to round.
      while (writers.some((peer) => peer.acknowledged.size === 0)) await new Promise(setImmediate);
      for (let turn = 0; turn < (round * 37) % 1000; turn++) await new Promise(setImmediate);
      await Promise.all(writers.map((peer) => peer.kill()));
      await Promise.all(running);
      for (const [n, peer] of writers.entries()) {
        for (const key of keys(n)) {
          const { status, body } = await send(handler, "GET", `/bucket/${key}`);
          const acknowledged = peer.acknowledged.get(key) ?? -1;
          if (status === 404) {
            if (acknowledged >= 0) lost.push(key);
            continue;
          }
          const rest = body.subarray(64);
          if (createHash("sha256").update(rest).digest("hex") !== body.toString("latin1", 0, 64))
            torn.push(key);
          const number = Number(rest.toString("latin1", 0, rest.indexOf(10)));
          if (number < acknowledged) lost.push(key);
          from = Math.max(from, number + 1);
        }
      }
    }
    expect({ torn, lost }).toEqual({ torn: [], lost: [] });
    expect(from).toBeGreaterThan(0);
    expect((await send(handler, "PUT", "/bucket/after", { body: "x" })).status).toBe(200);
    const store = new Store(directory);
    await sweepPending(store);
    // A thread's process lives, so that its writes count as running until they have been idle for an hour.
    if (kind === "process") expect(store.read(() => store.pending.getCount({}))).toBe(0);
    await store.close();
    expect(await leftovers(directory)).toEqual([]);
  });
});
