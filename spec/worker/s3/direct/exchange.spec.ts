import http from "node:http";
import https from "node:https";
import net from "node:net";
import type { AddressInfo } from "node:net";
import { Sending } from "../../../../lib/worker/s3/attempts/doubt.js";
import { overHttp } from "../../../../lib/worker/s3/direct/exchange.js";
import type { Request, Exchange } from "../../../../lib/worker/s3/direct/messages.js";
import { startSilentServer } from "../../../support/silent-server.js";

jest.setTimeout(30_000);

const agent = new http.Agent({ keepAlive: true, maxSockets: 4 });
afterAll(() => agent.destroy());

const limits = { connectMs: 1500, idleMs: 1000 };
const never = new AbortController().signal;
const sending = new Sending("GetObject", undefined);

function exchangeAt(port: number): Exchange {
  const server = { protocol: "http:", hostname: "127.0.0.1", port };
  const exchange = overHttp(server, { httpAgent: agent, httpsAgent: https.globalAgent }, limits);
  if (exchange === undefined) throw new Error("no exchange");
  return exchange;
}

function request(method: Request["method"] = "GET"): Request {
  return { method, path: "/bucket/key", search: "", headers: { host: "here" } };
}

/** Says the same to everyone, byte for byte; "" ends the connection. */
async function saying(...parts: string[]): Promise<{ exchange: Exchange; stop: () => void }> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.once("data", () => {
      for (const part of parts) {
        if (part === "") socket.end();
        else socket.write(part);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    exchange: exchangeAt((server.address() as AddressInfo).port),
    stop: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

describe("overHttp()", () => {
  it("gives up a connection that does not come to stand, in words that say that nothing was sent", async () => {
    const server = await startSilentServer("full");
    const failed = exchangeAt(server.port)(request(), sending, Infinity, never);
    await expect(failed).rejects.toMatchObject({
      name: "TimeoutError",
      message: expect.stringContaining("did not establish a connection") as string,
    });
    server.stop();
  });

  it("gives up a server that says nothing", async () => {
    const server = await startSilentServer("deaf");
    const failed = exchangeAt(server.port)(request(), sending, Infinity, never);
    await expect(failed).rejects.toMatchObject({
      name: "TimeoutError",
      message: expect.stringContaining("1000 ms of inactivity") as string,
    });
    server.stop();
  });

  it("gives what came of a body that stops, and says why it is not whole", async () => {
    const server = await startSilentServer("stops");
    const answer = await exchangeAt(server.port)(request(), sending, Infinity, never);
    expect(Buffer.from(answer.body).toString()).toBe("12345");
    expect(answer.broken).toMatchObject({
      name: "TimeoutError",
      message: expect.stringContaining("1000 ms of inactivity") as string,
    });
    server.stop();
  });

  it.each([
    ["that ends too soon", "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n12345", "12345"],
    [
      "in chunks that end too soon",
      "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n12345\r\n",
      "12345",
    ],
  ])("says of a body %s that it is broken", async (_what, head, body) => {
    const { exchange, stop } = await saying(head, "");
    const answer = await exchange(request(), sending, Infinity, never);
    expect(Buffer.from(answer.body).toString()).toBe(body);
    expect(answer.broken).toMatchObject({ code: "ECONNRESET" });
    stop();
  });

  it.each([
    ["hangs up", ["", ""], { name: "TimeoutError", code: "ECONNRESET" }],
    ["speaks no HTTP", ["hello\r\n\r\n"], { code: "HPE_INVALID_CONSTANT" }],
  ])("rejects where a server %s", async (_what, said, error) => {
    const { exchange, stop } = await saying(...said);
    await expect(exchange(request(), sending, Infinity, never)).rejects.toMatchObject(error);
    stop();
  });

  it("does not read a body that is longer than it may be", async () => {
    const { exchange, stop } = await saying(
      "HTTP/1.1 200 OK\r\ncontent-length: 1000000000000000\r\n\r\n12345",
    );
    const answer = await exchange(request(), sending, 100, never);
    expect(answer).toMatchObject({ tooLong: true, body: new Uint8Array() });
    stop();
  });

  it("reads what an error has to say, however long", async () => {
    const { exchange, stop } = await saying("HTTP/1.1 404 Not Found\r\ncontent-length: 5\r\n\r\n12345");
    const answer = await exchange(request(), sending, 1, never);
    expect(Buffer.from(answer.body).toString()).toBe("12345");
    expect(answer.tooLong).toBeUndefined();
    stop();
  });

  it("reads no body after a HEAD, whatever length it tells", async () => {
    const { exchange, stop } = await saying("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n");
    const answer = await exchange(request("HEAD"), sending, Infinity, never);
    expect(answer).toMatchObject({ statusCode: 200, headers: { "content-length": "10" } });
    expect(answer.broken).toBeUndefined();
    stop();
  });

  it("joins headers that come twice", async () => {
    const { exchange, stop } = await saying(
      "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nx-amz-meta-a: 1\r\nx-amz-meta-a: 2\r\nset-cookie: 3\r\nset-cookie: 4\r\n\r\n",
    );
    const { headers } = await exchange(request(), sending, Infinity, never);
    expect(headers).toMatchObject({ "x-amz-meta-a": "1, 2", "set-cookie": "3,4" });
    stop();
  });

  it("ends with its signal, and closes the connection", async () => {
    const server = net.createServer();
    const closed = new Promise((resolve) =>
      server.once("connection", (socket) =>
        socket
          .on("error", () => {})
          .on("close", resolve)
          .resume(),
      ),
    );
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const controller = new AbortController();
    const failed = exchangeAt((server.address() as AddressInfo).port)(
      request(),
      sending,
      Infinity,
      controller.signal,
    );
    server.once("connection", () => controller.abort());
    await expect(failed).rejects.toMatchObject({ name: "AbortError" });
    await closed;
    await new Promise((resolve) => server.close(resolve));
  });

  it("knows no other protocols", () => {
    const server = { protocol: "ftp:", hostname: "h", port: undefined };
    expect(overHttp(server, { httpAgent: agent, httpsAgent: https.globalAgent }, limits)).toBeUndefined();
  });
});
