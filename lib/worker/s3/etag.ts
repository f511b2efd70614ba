/** How a service wants an ETag in If-Match: in quotes, as S3 does, or without. */
export type Quoting = "quoted" | "bare";

export function quote(etag: string, quoting: Quoting): string {
  return quoting === "quoted" ? `"${etag}"` : etag;
}

/** An ETag without its quotes. A proxy that compresses makes ETags weak; S3 knows them by their strong form. */
export function unquote(etag: string): string {
  return etag.replace(/^(?:W\/)?"(.*)"$/, "$1");
}
