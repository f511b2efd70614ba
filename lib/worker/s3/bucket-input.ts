import type { PutObjectCommandInput } from "@aws-sdk/client-s3";
import type { ClientConfig } from "../../bridge/protocol.js";

/** The input that every request to a bucket has. An option that concerns all requests is a member here. */
export interface BucketInput {
  Bucket: string;
  RequestPayer?: "requester";
}

/** The input that every request for one key has. */
export interface KeyInput extends BucketInput {
  Key: string;
}

interface WithSettings {
  readonly settings: ClientConfig;
}

/** The header of each member except the bucket, which is in the URL. The SDK itself knows these headers. */
export const bucketHeaders: Readonly<Record<string, string>> = {
  RequestPayer: "x-amz-request-payer",
} satisfies Record<Exclude<keyof BucketInput, "Bucket">, string>;

/** The SDK omits members that S3 does not accept for an operation, such as `RequestPayer` with GetBucketVersioning. */
export function bucketInput({ settings }: WithSettings): BucketInput {
  const input: BucketInput = { Bucket: settings.bucket };
  if (settings.requestPayer === true) input.RequestPayer = "requester";
  return input;
}

/** The input of every request that stores an object: how S3 stores the object. */
export function storageInput({
  settings,
}: WithSettings): Pick<PutObjectCommandInput, "SSEKMSKeyId" | "ServerSideEncryption" | "StorageClass"> {
  return {
    SSEKMSKeyId: settings.kmsKeyId,
    // Casts, because services support more values than the SDK's types list, and reject unknown ones themselves.
    ServerSideEncryption: settings.serverSideEncryption as PutObjectCommandInput["ServerSideEncryption"],
    StorageClass: settings.storageClass as PutObjectCommandInput["StorageClass"],
  };
}

export function keyInput(target: WithSettings, key: string): KeyInput {
  return { ...bucketInput(target), Key: key };
}
