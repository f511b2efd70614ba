// All that this library has of the SDK, so that nothing loads it before the other imports here.
import "./credentials/file-texts.js";
import "./credentials/credential-programs.js";
import "./transport/own-agents.js";

export {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
export { defaultProvider } from "@aws-sdk/credential-provider-node";
