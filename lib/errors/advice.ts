/** What to do about an error, by its code. docs/errors.md has more detail. */
export const advice: Readonly<Record<string, string>> = {
  NoSuchBucket:
    "There is no such bucket at this endpoint: check its name, the region and the endpoint. The option createBucket makes a missing one at the first write.",
  BucketAlreadyExists: "Another account has a bucket of that name: choose another name.",
  BucketNotEmpty:
    "Only an empty bucket can be deleted: asMap(s3.name).clear() deletes its keys. Versions, and uploads that were not completed, count as well.",
  AccessDenied: "The credentials do not allow it.",
  InvalidAccessKeyId:
    "The access key is not known to this service: check the credentials, the profile and the endpoint.",
  SignatureDoesNotMatch: "The secret key does not belong to the access key.",
  ExpiredToken: "The session token has expired: log in again.",
  ExpiredTokenException: "The session token has expired: log in again.",
  TokenRefreshRequired: "The session token has expired: log in again.",
  InvalidToken: "The session token is not valid: log in again.",
  InvalidTokenId: "The session token is not valid: log in again.",
  RequestTimeTooSkewed: "The clock of this machine is wrong: set it.",
  SlowDown: "S3 asks for fewer requests: lower the option concurrency, or try later.",
  ServiceUnavailable: "Try again later.",
  InternalError: "Try again later.",
  PermanentRedirect: "The bucket is in another region: give it by the option region.",
  AuthorizationHeaderMalformed: "The bucket is in another region: give it by the option region.",
  TemporaryRedirect: "The bucket is in another region: give it by the option region.",
  InvalidObjectState: "The object is archived: restore it first.",
  CredentialsMissing:
    "Give credentials in the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY), a profile, or the option credentials; open data needs anonymous: true. To try things without S3, the option local with a directory needs none.",
  ValueRefused: "Copy between maps whose layers take the same values, or convert them yourself.",
  CredentialsEndFirst:
    "Give a shorter expiresIn, or use credentials that last longer: the access key of a user, or a longer session.",
  NetworkError: "Check the network and the endpoint.",
  BadAnswer:
    "It is none of S3's: look whether a proxy or a login page gave it, and whether the endpoint is right.",
  ChecksumMismatch:
    "What arrived is not what was stored: try again; if it stays so, the object or the way to it is damaged.",
  NotUtf8: 'Read it with readAs: "bytes".',
  ValueTooLong: 'Up to 4 GiB can be read with readAs: "bytes".',
  PreconditionFailed: "Read it again, and decide anew; update does so by itself.",
  TooMuchContention:
    "Try again later, let fewer programs change the same key at once, or give each a key of its own.",
  ConditionsUnsupported:
    "Without conditions a write of somebody else's could be lost, so nothing was written: use a service that keeps to them, or set, and see to it that one program writes at a time.",
  NoSuchVersion: "map.versions(key) lists those that there are.",
  VersioningOff:
    "A bucket of S3 keeps versions once they are turned on: aws s3api put-bucket-versioning --bucket NAME --versioning-configuration Status=Enabled",
  FileNotRead: "Give the path of an ordinary file that this program may read.",
  FileNotWritten:
    "The target and its directory must be writable, as the file is written under a temporary name beside the target.",
  FileChanged:
    "A file must stay as it is until it is stored: nothing was stored; try again, or store a copy.",
  ObjectChanged: "Nothing was written: try again when nobody writes to the key.",
  WorkerNotStarted:
    "The worker thread that makes the requests could not be started: look at what NODE_OPTIONS has every thread load (--require, --import), whether the working directory still exists, and whether there is memory left.",
  WorkerDied: "The worker thread that makes the requests ended; the next call starts another.",
  TooManyNestedCalls:
    "At most 64 calls can wait inside one another: a callback that uses the bucket runs during a deasync wait of a call in a callback, and so on.",
  Closed: "The map was closed: make a new one.",
  SdkUnavailable: "The AWS SDK is not installed, or not whole: npm install @aws-sdk/client-s3",
  LocalS3Unavailable: "The local S3 needs the optional package lmdb: npm install lmdb",
  LocalS3BadPath:
    "Give the option local (or S3BUCKETMAP_LOCAL) the path of a directory that exists or can be made.",
  LocalS3NotADirectory:
    "Give the option local (or S3BUCKETMAP_LOCAL) the path of a directory, or move the file away.",
  LocalS3AccessDenied:
    "The local S3 must be able to read and write its directory and the files in it, also to read values.",
  LocalS3DiskFull: "Make room on the disk.",
  LocalS3Damaged: "Restore the whole directory from a backup, while no program uses it, or use another one.",
  LocalS3OtherFormat: "Use another directory, or the version of the program that wrote this one.",
  LocalS3Replaced:
    "Call again to use the directory that is there now. Where only one of its files was removed or replaced, end the programs that use it, and remove or restore the whole directory.",
  LocalS3Failed:
    "The system's words say what it lacks: open files and memory have limits for each process (ulimit -n, ulimit -v); for an error of the disk look at its file system.",
};

/** For a service without conditions: the same for methods that need them for something else than to set a value. */
export const adviceWithoutConditions: Readonly<Record<string, string>> = {
  update:
    "Without conditions a write of somebody else's could be lost, so nothing was written: use a service that keeps to them, or set and delete, and see to it that one program writes at a time.",
  copy: "Use a service that keeps to its own ETags, or get and set, and see to it that one program writes at a time.",
  rename:
    "Without conditions a write of somebody else's to the source could be lost: use a service that keeps to them, or copy, and delete when nobody else writes to the source.",
  deleteMany:
    "Without conditions a value that was written anew could be lost, so nothing was deleted: use a service that keeps to them, a lifecycle rule of the bucket, or deleteMany when nobody else writes.",
};

/** For credentials that cannot be renewed, by where they came from. */
export const adviceGiven = {
  option:
    "They were given by the option credentials, so this map cannot renew them: make a new map with new ones.",
  environment:
    "They came from environment variables (AWS_ACCESS_KEY_ID) at this map's first request, so it cannot renew them: set new ones, and make a new map.",
} as const;

/** For an answer without an error code of S3. */
export const adviceHttp =
  "The answer has no error code of S3's: a proxy or a gateway may have given it; check the endpoint.";

/** Sent by a proxy, for requests without TLS. */
export const advice407 =
  "The proxy wants a user name and a password, or others: give them in HTTP_PROXY, as http://user:password@host:port.";

export const advice403 = "S3 also answers 403 for a missing key when s3:ListBucket is not allowed.";
