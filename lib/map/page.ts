/** S3 gives at most this many keys on a page, and deletes at most so many by one request. */
export const PAGE = 1000;
