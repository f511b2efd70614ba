/**
 * How much a spec does that does the same over and over: random programs, ping-pongs, keys of a big listing. `npm test` runs
 * the small size; `npm run test:all`, which CI runs too, the full one. Files and names of tests are the same in both.
 */
export const isFull = process.env["S3BUCKETMAP_SPEC_SIZE"] === "full";

/** @returns the number for the size that runs */
export function sized(small: number, full: number): number {
  return isFull ? full : small;
}
