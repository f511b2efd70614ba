import type { S3Client } from "@aws-sdk/client-s3";
import type { ClientConfig, Failure, Head, ObjectHeaders, Page } from "../../bridge/protocol.js";
import { createClient } from "./client.js";
import { deleteObject } from "./delete-object.js";
import { deleteObjects } from "./delete-objects.js";
import { getObject } from "./get-object.js";
import { headObject, objectExists } from "./head-object.js";
import { listObjects } from "./list-objects.js";
import type { ListRequest } from "./list-objects.js";
import { putObject } from "./put-object.js";

/** What every operation is given. */
export interface Target {
  readonly client: S3Client;
  readonly settings: ClientConfig;
  /** Whether an answer has proved that the bucket exists: a HEAD's 404 does not tell. */
  bucketProved: boolean;
}

/** The operations on one bucket, with one set of settings. They know nothing of threads. */
export class S3 {
  /** The same for all settings that lead to the same bucket. */
  readonly place: string;
  readonly #settings: ClientConfig;
  #target: Promise<Target> | undefined;

  constructor(settings: ClientConfig) {
    this.#settings = settings;
    this.place = JSON.stringify([settings.local ?? settings.endpoint ?? null, settings.bucket]);
  }

  async get(key: string, maxBytes: number, signal: AbortSignal): Promise<Uint8Array | undefined> {
    return getObject(await this.#ready(), key, maxBytes, signal);
  }

  async has(key: string, signal: AbortSignal): Promise<boolean> {
    return objectExists(await this.#ready(), key, signal);
  }

  async head(key: string, signal: AbortSignal): Promise<Head | undefined> {
    return headObject(await this.#ready(), key, signal);
  }

  async set(
    key: string,
    body: string | Uint8Array,
    headers: ObjectHeaders,
    signal: AbortSignal,
  ): Promise<undefined> {
    return putObject(await this.#ready(), key, body, headers, signal);
  }

  async delete(key: string, signal: AbortSignal): Promise<undefined> {
    return deleteObject(await this.#ready(), key, signal);
  }

  async deleteMany(keys: string[], signal: AbortSignal): Promise<{ key: string; failure: Failure }[]> {
    return deleteObjects(await this.#ready(), keys, signal);
  }

  async list(request: ListRequest, signal: AbortSignal): Promise<Page> {
    return listObjects(await this.#ready(), request, signal);
  }

  // Made at the first request, and again after a failure: what was missing may be there the next time.
  #ready(): Promise<Target> {
    this.#target ??= this.#connect().catch((error: unknown) => {
      this.#target = undefined;
      throw error;
    });
    return this.#target;
  }

  async #connect(): Promise<Target> {
    return { client: await createClient(this.#settings), settings: this.#settings, bucketProved: false };
  }
}
