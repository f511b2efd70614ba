/** How a service expects an ETag in If-Match: in quotes, like S3, or without quotes. */
export type Quoting = "quoted" | "bare";

export function quote(etag: string, quoting: Quoting): string {
  return quoting === "quoted" ? `"${etag}"` : etag;
}

/** An ETag without its quotes. A proxy that compresses makes ETags weak, but S3 knows only the strong form. */
export function unquote(etag: string): string {
  return etag.replace(/^(?:W\/)?"(.*)"$/, "$1");
}
