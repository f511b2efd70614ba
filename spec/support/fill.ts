import { LocalS3Handler } from "../../lib/local/handler.js";

/** Names in S3's order. */
export function numberedKeys(count: number): string[] {
  return Array.from({ length: count }, (_, number) => `key ${String(number).padStart(5, "0")}`);
}

/**
 * Stores keys in a directory of the local S3 past the library and its one call at a time, each with its own
 * name as the value, unless another is given.
 */
export async function fill(
  directory: string,
  bucket: string,
  prefix: string,
  keys: readonly string[],
  value?: string,
): Promise<void> {
  const handler = new LocalS3Handler({ directory, createBuckets: true });
  try {
    await Promise.all(
      keys.map(async (key) => {
        const { response } = await handler.handle({
          method: "PUT",
          path: `/${bucket}/${encodeURIComponent(prefix + key)}`,
          headers: {},
          body: value ?? key,
        });
        if (response.statusCode !== 200) throw new Error(`The local S3 answers ${response.statusCode}.`);
      }),
    );
  } finally {
    handler.destroy();
  }
}
