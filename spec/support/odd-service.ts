import { once } from "node:events";
import path from "node:path";
import { Worker } from "node:worker_threads";

/** Each is a way in which services have been seen, or can be thought, to list otherwise than S3. */
export type Oddity =
  | "none"
  | "orders by UTF-16"
  | "orders whatever the case"
  | "does not encode"
  | "ignores the prefix"
  | "ignores the delimiter"
  | "ignores the token"
  | "ignores where to start"
  | "gives more than it is asked for"
  | "gives a page without keys once"
  | "gives pages without keys"
  | "gives pages without keys, and the same token"
  | "gives the same token"
  | "gives the same page"
  | "goes back"
  | "leaves keys out, and gives them later"
  | "gives no token"
  | "gives the last key again"
  | "skips what begins with a name that ends with the delimiter"
  | "lists the folder again that it is to start after"
  | "tells of other keys as deleted"
  | "tells of another key in place of the last"
  | "tells of the first key for each"
  | "tells of each key as deleted and as refused"
  | "gives a size of -5"
  | "gives a size of -1x"
  | "gives a size of abc"
  | "gives a date of yesterday";

export interface OddBucketOptions {
  keys: readonly string[];
  /** How many names a page has at most. Default: 1000. */
  pageSize?: number;
  oddity?: Oddity;
  /** How many pages are as S3 would give them. Default: none. */
  from?: number;
  /** What is replaced in each other page, a pattern and what comes in its place. */
  rewrite?: [string, string];
}

export interface OddBucket {
  endpoint: string;
  name: string;
  /** The requests so far, by kind. */
  log(): Promise<string[]>;
  /** What is stored, in S3's order. */
  keys(): Promise<string[]>;
}

export interface OddService {
  bucket(options: OddBucketOptions): Promise<OddBucket>;
  end(): Promise<unknown>;
}

export async function startOddService(): Promise<OddService> {
  const thread = new Worker(path.join(__dirname, "odd-service.js"));
  const [port] = (await once(thread, "message")) as [number];
  const endpoint = `http://127.0.0.1:${port}`;
  let made = 0;
  return {
    bucket: async (options) => {
      const name = `odd-bucket-${(made += 1)}`;
      await fetch(`${endpoint}/?make=${name}`, { method: "POST", body: JSON.stringify(options) });
      const ask = async (what: string): Promise<string[]> =>
        (await (await fetch(`${endpoint}/${name}?${what}`)).json()) as string[];
      return { endpoint, name, log: () => ask("log"), keys: () => ask("keys") };
    },
    end: () => thread.terminate(),
  };
}
