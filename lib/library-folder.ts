/** Where the library lies. This file stays at the top of lib/, for what it says is said of dist/ by the build. */
export const libraryFolder: string = __dirname;
