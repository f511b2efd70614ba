/** What build this file belongs to: `scripts/build.js` puts a digest of the sources here. */
export const buildStamp: string = "@@BUILD_STAMP@@";

/** Which version of the package it is. */
export const version: string = "@@VERSION@@";
