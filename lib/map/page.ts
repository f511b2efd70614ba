/** S3's limit of keys in a page of a listing, and in a DeleteObjects request. */
export const PAGE = 1000;
