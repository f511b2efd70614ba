import { refusedCredentials } from "./refused-credentials.js";

/** The codes of failures that every further request would meet, too. */
export const fatalCodes: ReadonlySet<string> = new Set([
  "NoSuchBucket",
  "CredentialsMissing",
  ...refusedCredentials,
  "SignatureDoesNotMatch",
  "NotSignedUp",
  "AccountProblem",
  "UserSuspended",
  "RequestTimeTooSkewed",
  "BadConfiguration",
  "LocalS3Unavailable",
  "LocalS3BadPath",
  "LocalS3NotADirectory",
  "LocalS3AccessDenied",
  "LocalS3Damaged",
  "LocalS3OtherFormat",
  "SdkUnavailable",
]);
