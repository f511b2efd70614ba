import { once } from "node:events";
import http from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { Connections } from "../../../lib/worker/s3/transport/connections.js";

let server: http.Server;
let sockets: Socket[];
beforeEach(async () => {
  sockets = [];
  server = http.createServer((request, response) => response.end(request.url));
  server.on("connection", (socket: Socket) => sockets.push(socket));
  await once(server.listen(0, "127.0.0.1"), "listening");
});
afterEach(() => server.close().closeAllConnections());

async function get(path: string, { httpAgent: agent }: Connections): Promise<string> {
  const { port } = server.address() as AddressInfo;
  const [response] = (await once(http.get({ port, host: "127.0.0.1", path, agent }), "response")) as [
    http.IncomingMessage,
  ];
  let body = "";
  for await (const chunk of response) body += String(chunk);
  return body;
}

describe("a connection", () => {
  it("is used again for the next request", async () => {
    const connections = new Connections(64);
    expect(await get("/1", connections)).toBe("/1");
    expect(await get("/2", connections)).toBe("/2");
    expect(sockets).toHaveLength(1);
  });

  it("is closed where the server sends a response that nobody has asked for", async () => {
    const connections = new Connections(64);
    expect(await get("/1", connections)).toBe("/1");
    const [socket] = sockets;
    const closed = once(socket!, "close");
    socket!.write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong");
    await closed;
    expect(await get("/2", connections)).toBe("/2");
    expect(sockets).toHaveLength(2);
  });
});
