/**
 * The size of specs that repeat something: random programs, ping-pongs, the keys of a big listing. `npm test` runs the small
 * size, `npm run test:all` the full one, and CI runs both. The files and names of tests are the same.
 */
export const isFull = process.env["S3BUCKETMAP_SPEC_SIZE"] === "full";

/** @returns the number for the size that runs */
export function sized(small: number, full: number): number {
  return isFull ? full : small;
}
