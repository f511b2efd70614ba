import type { PutObjectCommandInput } from "@aws-sdk/client-s3";
import type { ClientConfig } from "../../bridge/protocol.js";

/** What every request of a bucket carries: an option that concerns all requests is a member here. */
export interface BucketInput {
  Bucket: string;
  RequestPayer?: "requester";
}

/** The same of a request for one key. */
export interface KeyInput extends BucketInput {
  Key: string;
}

interface WithSettings {
  readonly settings: ClientConfig;
}

/** Which header each member is, but for the bucket, which is in the URL. The SDK knows this itself. */
export const bucketHeaders: Readonly<Record<string, string>> = {
  RequestPayer: "x-amz-request-payer",
} satisfies Record<Exclude<keyof BucketInput, "Bucket">, string>;

/** The SDK leaves out what S3 does not take with an operation, such as `RequestPayer` with GetBucketVersioning. */
export function bucketInput({ settings }: WithSettings): BucketInput {
  const input: BucketInput = { Bucket: settings.bucket };
  if (settings.requestPayer === true) input.RequestPayer = "requester";
  return input;
}

/** What every request that stores an object says of how S3 keeps it. */
export function storageInput({
  settings,
}: WithSettings): Pick<PutObjectCommandInput, "SSEKMSKeyId" | "ServerSideEncryption" | "StorageClass"> {
  return {
    SSEKMSKeyId: settings.kmsKeyId,
    // Casts, because services know more values than the SDK's types, and refuse unknown ones themselves.
    ServerSideEncryption: settings.serverSideEncryption as PutObjectCommandInput["ServerSideEncryption"],
    StorageClass: settings.storageClass as PutObjectCommandInput["StorageClass"],
  };
}

export function keyInput(target: WithSettings, key: string): KeyInput {
  return { ...bucketInput(target), Key: key };
}
