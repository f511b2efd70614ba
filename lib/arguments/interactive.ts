/**
 * Whether someone sits at a prompt and watches: the maps made from then on have their requests counted, and
 * a call that takes long shows how far it is, on stderr where that is a terminal.
 */
let interactive = false;

export function setInteractive(): void {
  interactive = true;
}

/** A script can ask for it, too: `S3BUCKETMAP_PROGRESS=1`. */
export function isInteractive(): boolean {
  return interactive || process.env["S3BUCKETMAP_PROGRESS"] === "1";
}
