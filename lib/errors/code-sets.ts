/** Credentials that have expired, or that the service does not know. */
export const refusedCredentials: ReadonlySet<string> = new Set([
  "ExpiredToken",
  "ExpiredTokenException",
  "TokenRefreshRequired",
  "InvalidToken",
  "InvalidTokenId",
  "InvalidAccessKeyId",
  "InvalidClientTokenId",
  "UnrecognizedClientException",
]);

/** Codes of an AccessDeniedError, whatever the HTTP status. S3 sends some with 400; one for a key of DeleteObjects comes with 200. */
export const deniedCodes: ReadonlySet<string> = new Set([
  ...refusedCredentials,
  "AccessDenied",
  "SignatureDoesNotMatch",
  "RequestTimeTooSkewed",
]);

/** Failures that every further request would meet, too. */
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
