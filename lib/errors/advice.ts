/** What to do about an error, by its code. docs/errors.md has more detail. */
export const advice: Readonly<Record<string, string>> = {
  NoSuchBucket:
    "There is no such bucket at this endpoint: check its name, the region and the endpoint. The option createBucket creates a missing bucket on the first write.",
  BucketAlreadyExists: "Another account has a bucket of that name: choose another name.",
  BucketNotEmpty:
    "Only an empty bucket can be deleted: asMap(s3.name).clear() deletes its keys. Old versions and unfinished uploads must be deleted, too.",
  InvalidBucketName:
    "A new bucket's name has 3 to 63 lower-case letters, digits, dots and hyphens, and begins and ends with a letter or digit.",
  AccessDenied: "The credentials do not allow it.",
  InvalidAccessKeyId:
    "This service does not know the access key: check the credentials, the profile and the endpoint.",
  SignatureDoesNotMatch: "The secret key does not belong to the access key.",
  ExpiredToken: "The session token has expired: log in again.",
  ExpiredTokenException: "The session token has expired: log in again.",
  TokenRefreshRequired: "The session token has expired: log in again.",
  InvalidToken: "The session token is not valid: log in again.",
  InvalidTokenId: "The session token is not valid: log in again.",
  RequestTimeTooSkewed: "The clock of this machine is wrong: set it.",
  SlowDown: "S3 asks for fewer requests: lower the option concurrency, or try again later.",
  ServiceUnavailable: "Try again later.",
  InternalError: "Try again later.",
  PermanentRedirect: "The bucket is in another region: set the option region.",
  AuthorizationHeaderMalformed: "The bucket is in another region: set the option region.",
  TemporaryRedirect: "The bucket is in another region: set the option region.",
  InvalidObjectState: "The object is archived: restore it first.",
  CredentialsMissing:
    "Provide credentials in a profile, in the option credentials, or in the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY). After a change of the environment, make a new map. Public data needs anonymous: true. To try things out without S3, use the option local with a directory: it needs no credentials.",
  ValueRefused: "Put the same layers over source and target, or convert the values yourself.",
  CredentialsEndFirst:
    "Use a shorter expiresIn, or credentials that last longer: a user's access key, or a longer session.",
  NetworkError: "Check the network and the endpoint.",
  BadAnswer:
    "S3 does not respond like this: check the endpoint, and whether a proxy or a login page sent the response.",
  ChecksumMismatch:
    "The bytes that arrived are not those that were stored: try again. If it happens each time, the object is damaged, or something on the way damages it.",
  NotUtf8: 'Read it with readAs: "bytes".',
  ValueTooLong: 'Up to 4 GiB can be read with readAs: "bytes".',
  PreconditionFailed: "Read the value again and decide what to do; update does so by itself.",
  TooMuchContention:
    "Try again later, let fewer programs change the same key at once, or give each a key of its own.",
  ConditionsUnsupported:
    "Without conditional writes, another program's write could be lost, so nothing was written: use a service that honours them, or use set, and make sure that only one program writes at a time.",
  NoSuchVersion: "map.versions(key) lists the versions that exist.",
  VersioningOff:
    "An S3 bucket keeps versions once versioning is turned on: aws s3api put-bucket-versioning --bucket NAME --versioning-configuration Status=Enabled",
  FileNotRead:
    "The second argument of putFile must be the path of an ordinary file that this program is allowed to read.",
  FileNotWritten:
    "The target and its directory must be writable, because the file is first written under a temporary name in that directory.",
  FileChanged: "The file must not change until it is stored. Nothing was stored: try again, or store a copy.",
  ObjectChanged: "Nothing was written: try again while nobody is writing to the key.",
  WorkerNotStarted:
    "The worker thread that sends the requests could not be started: check what NODE_OPTIONS makes every thread load (--require, --import), whether the working directory still exists, whether there is memory left, and whether the process has too many open files (ulimit -n).",
  WorkerDied: "The worker thread that sends the requests ended. The next call starts a new one.",
  TooManyNestedCalls:
    "At most 64 calls can be nested. Calls nest if a callback that runs during a deasync wait calls the library itself.",
  Closed: "The map was closed: create a new one.",
  SdkUnavailable: "The AWS SDK is not installed, or not completely: npm install @aws-sdk/client-s3",
  LocalS3Unavailable: "The local S3 needs the optional package lmdb: npm install lmdb",
  LocalS3BadPath:
    "Set the option local (or S3BUCKETMAP_LOCAL) to the path of a directory that exists or can be created.",
  LocalS3NotADirectory:
    "Set the option local (or S3BUCKETMAP_LOCAL) to the path of a directory, or move the file away.",
  LocalS3AccessDenied:
    "The local S3 must be able to read and write its directory and the files in it, even to read values.",
  LocalS3DiskFull: "Free some space on the disk.",
  LocalS3Damaged:
    "Restore the whole directory from a backup while no program uses it, or use another directory.",
  LocalS3OtherFormat: "Use another directory, or the version of the program that wrote this one.",
  LocalS3Replaced:
    "Call again to use the directory that is there now. If only one of its files was removed or replaced, end the programs that use it, and remove or restore the whole directory.",
  LocalS3Failed:
    "The system's message says what is missing: each process has limits on open files and memory (ulimit -n, ulimit -v); after a disk error, check the file system; after MDB_BAD_RSLOT, leave one copy of the package lmdb in the program (npm ls lmdb, npm dedupe).",
};

/** For a service without conditions: advice for methods that do not only set a value. */
export const adviceWithoutConditions: Readonly<Record<string, string>> = {
  update:
    "Without conditional writes, another program's write could be lost, so nothing was written: use a service that honours them, or use set and delete, and make sure that only one program writes at a time.",
  copy: "Use a service that accepts its own ETags, or use get and set, and make sure that only one program writes at a time.",
  rename:
    "Without conditional deletion, another program's write to the source could be lost: use a service that honours it, or use copy and then delete while nobody else is writing to the source.",
  deleteMany:
    "Without conditional deletion, a newly written value could be lost, so nothing was deleted: use a service that honours it, or a lifecycle rule of the bucket, or use deleteMany while nobody else is writing.",
};

/** For credentials that cannot be renewed, by where they came from. */
export const adviceGiven = {
  option:
    "They come from the option credentials, so this map cannot renew them: create a new map with new ones.",
  environment:
    "They came from environment variables (AWS_ACCESS_KEY_ID) at this map's first request, so it cannot renew them: set new ones, and create a new map.",
} as const;

/** For a response without an error code of S3. */
export const adviceHttp =
  "The response has no S3 error code, so a proxy or a gateway may have sent it: check the endpoint.";

/** A proxy sends this status for requests without TLS. */
export const advice407 =
  "The proxy requires a user name and a password, or rejects those that it got: set them in HTTP_PROXY, as http://user:password@host:port.";

export const advice403 = "S3 also answers 403 for a missing key when s3:ListBucket is not allowed.";
