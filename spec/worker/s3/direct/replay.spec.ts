import { bodyOf, collect } from "../../../../lib/worker/s3/body/whole-body.js";

// What a direct attempt got is given to the SDK as a stream.

const MIB = 1024 ** 2;

describe("bodyOf()", () => {
  it.each([0, 1, 64 * MIB, 130 * MIB + 1])("gives %i bytes in pieces that can be hashed", async (length) => {
    const pieces: Uint8Array[] = [];
    for await (const piece of bodyOf({ body: new Uint8Array(length) })) pieces.push(piece as Uint8Array);
    expect(pieces).toHaveLength(Math.ceil(length / (64 * MIB)));
    expect(pieces.reduce((sum, piece) => sum + piece.length, 0)).toBe(length);
    expect(Math.max(0, ...pieces.map((piece) => piece.length))).toBeLessThanOrEqual(64 * MIB);
  });

  it("is not copied when it is put together again", async () => {
    const body = new Uint8Array(130 * MIB);
    body[body.length - 1] = 7;
    const bytes = await collect(bodyOf({ body }), body.length);
    expect(bytes.buffer === body.buffer).toBe(true);
    expect(bytes).toHaveLength(body.length);
  });

  it("ends with what broke it", async () => {
    const stream = bodyOf({ body: Buffer.from("begun"), broken: new Error("reset") });
    await expect(collect(stream, 10)).rejects.toThrow("reset");
  });
});
