import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { S3Client, type S3ClientConfig } from "@aws-sdk/client-s3";
import { LocalS3Handler } from "../../lib/local/handler.js";
import { Store } from "../../lib/local/store/store.js";

const directories: string[] = [];
const handlers: { destroy(): void }[] = [];

export function temporaryDirectory(): string {
  const directory = mkdtempSync(path.join(tmpdir(), "s3bucketmap-local-"));
  directories.push(directory);
  return directory;
}

export function localHandler({
  directory = temporaryDirectory(),
  createBuckets = true,
} = {}): LocalS3Handler {
  const handler = new LocalS3Handler({ directory, createBuckets });
  handlers.push(handler);
  return handler;
}

export function clientOf(config: S3ClientConfig): S3Client {
  const client = new S3Client({
    region: "us-east-1",
    endpoint: "http://local",
    forcePathStyle: true,
    credentials: { accessKeyId: "spec", secretAccessKey: "spec" },
    // A retry would hide what the first answer was.
    maxAttempts: 1,
    ...config,
  });
  handlers.push(client);
  return client;
}

export function localClient(options: { directory?: string; createBuckets?: boolean } = {}): S3Client {
  return clientOf({ requestHandler: localHandler(options) });
}

/** For afterAll. */
export function removeDirectories(): void {
  for (const handler of handlers.splice(0)) handler.destroy();
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
}

export interface Answer {
  status: number;
  headers: Record<string, string>;
  body: Buffer;
  /** The `<Code>` of an error. */
  code: string | undefined;
}

type Query = Record<string, string>;

/** A request as bare as one likes, past the SDK, which would correct or refuse it. */
export async function send(
  handler: LocalS3Handler,
  method: string,
  target: string,
  options: { headers?: Record<string, string>; query?: Query; body?: unknown; signal?: AbortSignal } = {},
): Promise<Answer> {
  const { headers = {}, query = {}, body, signal } = options;
  const { response } = await handler.handle(
    { method, path: target, headers, query, body },
    { abortSignal: signal },
  );
  const pieces: Buffer[] = [];
  for await (const piece of response.body as AsyncIterable<Buffer>) pieces.push(piece);
  const bytes = Buffer.concat(pieces);
  const code = /<Error><Code>(\w+)</.exec(bytes.toString("latin1"))?.[1];
  return { status: response.statusCode, headers: response.headers, body: bytes, code };
}

export function md5(bytes: string | Uint8Array, encoding: "hex" | "base64" = "hex"): string {
  return createHash("md5").update(bytes).digest(encoding);
}

/** The bodies in a directory that no object, part or running write owns. */
export async function leftovers(directory: string): Promise<string[]> {
  const store = new Store(directory);
  try {
    return store.read(() => {
      const owned = new Set<string>();
      for (const { value } of store.objects.getRange({})) owned.add(value.id);
      for (const { value } of store.parts.getRange({})) owned.add(value.id);
      for (const { key } of store.pending.getRange({})) owned.add(key.toString("hex"));
      const found = new Set<string>();
      for (const key of store.bodies.getKeys({})) found.add(key.toString("hex", 0, 16));
      return [...found].filter((id) => !owned.has(id));
    });
  } finally {
    await store.close();
  }
}
