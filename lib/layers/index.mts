// The same functions and state as by `require`: this file only passes them on.
export { cache, encrypt, gzip, json, readonly, structured, text, transform } from "./index.js";
export type { BytesMap, CacheOptions, GzipOptions, JsonValue, Transformation } from "./index.js";
