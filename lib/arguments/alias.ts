/** Whether this is an access point, which is another name of some bucket: it may be any. */
export function isAlias(bucket: string): boolean {
  return bucket.includes(":") || bucket.endsWith("-s3alias") || bucket.endsWith("--ol-s3");
}
