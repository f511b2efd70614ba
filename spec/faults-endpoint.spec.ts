import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { CreateBucketCommand } from "@aws-sdk/client-s3";
import { clientOf, removeDirectories } from "./local/client.js";
import { expectEnd, expectState, expectWell, freshMap, seed } from "./support/fault-cell.js";
import type { WaitName } from "./support/fault-cell.js";
import { error, operations, saying } from "./support/fault-table.js";
import { startHttpS3 } from "./support/http-s3.js";
import { startSilentServer } from "./support/silent-server.js";

jest.setTimeout(30_000);
afterAll(removeDirectories);

const waits: WaitName[] = ["atomics", "deasync"];
// Nothing was ever sent, so no message says that a write may have happened.
const network = (says: string) => saying(error("NetworkError", undefined, 3), says);
const tls = (says: string) => saying(error("NetworkError", undefined, 1), says);

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as net.AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

describe.each(waits)("an endpoint that is not there, wait: %s", (wait) => {
  it.each(operations)("has no name: %s ends in NetworkError", (operation) => {
    expectEnd(freshMap("http://nosuch.invalid", wait), operation, network("nosuch.invalid"));
  });

  it("refuses connections: each operation ends in NetworkError, and the map works once it is there", async () => {
    const port = await freePort();
    const map = freshMap(`http://127.0.0.1:${port}`, wait);
    for (const operation of operations) expectEnd(map, operation, network("ECONNREFUSED"));
    const server = await startHttpS3({ port });
    seed(server);
    expectWell(map);
    await server.close();
  });
});

describe.each(waits)("answers that are not HTTP, wait: %s", (wait) => {
  let server: Awaited<ReturnType<typeof startSilentServer>>;
  beforeEach(async () => {
    server = await startSilentServer("garbles");
  });
  afterEach(() => server.stop());

  it("are followed by another attempt", () => {
    expect(freshMap(`http://127.0.0.1:${server.port}`, wait).get("here")).toBe("value");
  });
});

describe.each(waits)("TLS that fails, wait: %s", (wait) => {
  const folder = mkdtempSync(path.join(tmpdir(), "s3bucketmap-tls-"));
  const [key, certificate] = [path.join(folder, "key.pem"), path.join(folder, "certificate.pem")];
  beforeAll(() => {
    const names = "-subj /CN=localhost -addext subjectAltName=DNS:localhost";
    execFileSync(
      "openssl",
      `req -x509 -newkey rsa:2048 -nodes ${names} -keyout ${key} -out ${certificate}`.split(" "),
      { stdio: "ignore" },
    );
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it("with a port that speaks none: each operation ends in NetworkError", async () => {
    const server = await startHttpS3();
    const map = freshMap(server.endpoint.replace("http:", "https:"), wait);
    for (const operation of operations) expectEnd(map, operation, tls("the endpoint does not speak TLS"));
    expect(server.counts().total).toBe(0);
    await server.close();
  });

  it("with a certificate that nobody signed: each operation ends in NetworkError", async () => {
    const server = await startSilentServer("tls", key, certificate);
    const map = freshMap(`https://localhost:${server.port}`, wait);
    for (const operation of operations) expectEnd(map, operation, tls("self-signed certificate"));
    server.stop();
  });

  it("after the whole request has been received: a write may have happened", async () => {
    const server = await startSilentServer("breaks", key, certificate);
    process.env["AWS_CA_BUNDLE"] = certificate;
    try {
      const map = freshMap(`https://localhost:${server.port}`, wait);
      expect(() => map.set("key", "value")).toThrow(/may still have happened/);
    } finally {
      delete process.env["AWS_CA_BUNDLE"];
      server.stop();
    }
  });
});

describe.each(waits)("a service that does not know the caller, wait: %s", (wait) => {
  it("refuses each operation, has by its own code too, and the next map works", async () => {
    const server = await startHttpS3({ credentials: { accessKeyId: "another" } });
    const map = freshMap(server.endpoint, wait);
    for (const operation of operations) expectEnd(map, operation, error("InvalidAccessKeyId", 403, 1));
    await server.close();
  });
});

describe.each(waits)("a bucket that is missing, wait: %s", (wait) => {
  it("is NoSuchBucket for each operation, and the same map works once it is there", async () => {
    const server = await startHttpS3({ createBuckets: false });
    const map = freshMap(server.endpoint, wait);
    for (const operation of operations) expectEnd(map, operation, error("NoSuchBucket", 404, 1));
    expect(() => map.head("here")).toThrow(
      expect.objectContaining({ code: "NoSuchBucket", operation: "head" }),
    );
    expect(() => map.clear()).toThrow(expect.objectContaining({ code: "NoSuchBucket", operation: "clear" }));
    expect(() => map.size).toThrow(expect.objectContaining({ code: "NoSuchBucket", operation: "list" }));
    await clientOf({ endpoint: server.endpoint }).send(new CreateBucketCommand({ Bucket: "bucket" }));
    seed(server);
    expectState(map, "get", error("NoSuchBucket"));
    expectWell(map);
    await server.close();
  });

  it("is not taken for a missing key once a call was told so, though it was there before", async () => {
    const server = await startHttpS3();
    const map = freshMap(server.endpoint, wait);
    map.set("here", "1");
    expect(map.has("never")).toBe(false);
    server.fault({ times: Infinity, action: { status: 404, code: "NoSuchBucket" } });
    for (const learn of [
      () => map.get("a"),
      () => map.set("a", "1"),
      () => map.delete("a"),
      () => map.size,
    ]) {
      const gone = expect.objectContaining({ code: "NoSuchBucket" }) as Error;
      expect(learn).toThrow(gone);
      expect(() => map.has("here")).toThrow(gone);
      expect(() => map.head("here")).toThrow(gone);
      server.clearFaults();
      expect(map.get("here")).toBe("1");
      server.fault({ times: Infinity, action: { status: 404, code: "NoSuchBucket" } });
    }
    await server.close();
  });

  it("looks like a missing key to calls that send only a HEAD, and only to those, if it was there before", async () => {
    const server = await startHttpS3();
    seed(server);
    const map = freshMap(server.endpoint, wait);
    expect(map.has("here")).toBe(true);
    server.fault({ operation: "HEAD", times: Infinity, action: { status: 404, code: "NoSuchBucket" } });
    expect(map.has("here")).toBe(false);
    expect(map.head("here")).toBeUndefined();
    expect(map.copy("here", "copy")).toBe(false);
    expect(map.rename("here", "renamed")).toBe(false);
    server.clearFaults();
    server.fault({ operation: "COPY", times: Infinity, action: { status: 404, code: "NoSuchBucket" } });
    for (const copy of [() => map.copy("here", "copy"), () => map.rename("here", "renamed")]) {
      expect(map.has("here")).toBe(true);
      expect(copy).toThrow(expect.objectContaining({ code: "NoSuchBucket" }) as Error);
    }
    await server.close();
  });
});

describe.each(waits)("a 404 that is none of S3's, wait: %s", (wait) => {
  const page = { status: 404, body: "<html><h1>Not here</h1></html>", headers: { "x-amz-request-id": "" } };
  it("does not pass for a missing key, even when the bucket is known to be there", async () => {
    const server = await startHttpS3();
    seed(server);
    const map = freshMap(server.endpoint, wait);
    expect(map.has("never")).toBe(false);
    server.fault({ times: Infinity, action: page });
    for (const operation of operations) expectEnd(map, operation, error("HTTP404", 404, 1));
    expect(() => map.head("here")).toThrow(expect.objectContaining({ code: "HTTP404", operation: "head" }));
    server.clearFaults();
    expectWell(map);
    await server.close();
  });
});

describe("the region that S3 tells", () => {
  it("is remembered: the calls after the first go there at once", async () => {
    const server = await startHttpS3();
    seed(server);
    const map = freshMap(server.endpoint, "atomics");
    server.fault({
      action: { status: 301, code: "PermanentRedirect", headers: { "x-amz-bucket-region": "eu-west-1" } },
    });
    server.reset();
    map.get("here");
    expect(server.counts().total).toBe(2);
    server.fault({
      action: { status: 301, code: "PermanentRedirect", headers: { "x-amz-bucket-region": "eu-west-1" } },
    });
    // It is there already, so it is not asked a third time.
    expect(() => map.get("here")).toThrow(expect.objectContaining({ code: "PermanentRedirect" }));
    expect(server.counts().total).toBe(3);
    await server.close();
  });
});

describe("a write whose first try lost its answer", () => {
  it("says that it may have happened, although the second try was refused", async () => {
    const server = await startHttpS3();
    seed(server);
    const map = freshMap(server.endpoint, "atomics");
    server.fault({ operation: "PUT", action: { reset: "after-apply" } });
    server.fault({ operation: "PUT", action: { status: 403, code: "AccessDenied" } });
    expect(() => map.set("here", "new")).toThrow(
      expect.objectContaining({
        code: "AccessDenied",
        attempts: 2,
        message: expect.stringContaining("; the write may still have happened.") as string,
      }),
    );
    expect(map.get("here")).toBe("new");
    await server.close();
  });
});
