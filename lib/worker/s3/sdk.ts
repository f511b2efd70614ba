/* eslint-disable @typescript-eslint/no-require-imports, @typescript-eslint/no-unsafe-return -- an import would load them with this file */
import { late } from "../late.js";
import { replaceExec, replaceReadFile } from "./surroundings.js";
import { replaceAgent } from "./transport/connections.js";

// Everything that this library uses from the SDK. No other file may load the SDK, because some of Node's functions must
// be replaced before it is loaded.

let isReplaced = false;

function patchNodeOnce(): void {
  if (isReplaced) return;
  isReplaced = true;
  replaceReadFile();
  replaceExec();
  replaceAgent();
}

/** The SDK's client and its commands. */
export const sdk = late<typeof import("@aws-sdk/client-s3")>(() => {
  patchNodeOnce();
  return require("@aws-sdk/client-s3");
});

/** Signs links. */
export const presigner = late<typeof import("@aws-sdk/s3-request-presigner")>(() => {
  patchNodeOnce();
  return require("@aws-sdk/s3-request-presigner");
});

/** The SDK's chain of credentials. It loads much faster than the client. */
export const chain = late<typeof import("@aws-sdk/credential-provider-node")>(() => {
  patchNodeOnce();
  return require("@aws-sdk/credential-provider-node");
});
