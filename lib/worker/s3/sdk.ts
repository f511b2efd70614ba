/* eslint-disable @typescript-eslint/no-require-imports, @typescript-eslint/no-unsafe-return -- an import would load them with this file */
import { late } from "../late.js";
import { replaceExec } from "./credentials/credential-programs.js";
import { replaceReadFile } from "./credentials/file-texts.js";
import { replaceAgent } from "./transport/connections.js";

// All that this library has of the SDK, so that nothing loads it before it can take what is replaced here.

let isReplaced = false;

function replaceOnce(): void {
  if (isReplaced) return;
  isReplaced = true;
  replaceReadFile();
  replaceExec();
  replaceAgent();
}

/** The SDK's client and its commands. */
export const sdk = late<typeof import("@aws-sdk/client-s3")>(() => {
  replaceOnce();
  return require("@aws-sdk/client-s3");
});

/** Its chain of credentials, which alone loads much less. */
export const chain = late<typeof import("@aws-sdk/credential-provider-node")>(() => {
  replaceOnce();
  return require("@aws-sdk/credential-provider-node");
});
