/**
 * Whether someone sits at a prompt and watches: the maps made from then on have their requests counted, and
 * a call that takes long shows how far it is, on stderr where that is a terminal.
 */
let attended = false;

export function setAttended(): void {
  attended = true;
}

/** A script can ask for it, too: `S3BUCKETMAP_PROGRESS=1`. */
export function isAttended(): boolean {
  return attended || process.env["S3BUCKETMAP_PROGRESS"] === "1";
}
