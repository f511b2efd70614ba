// The same functions and state as by `require`: this file only passes them on.
export { cache, encrypt, gzip, json, readonly, structured, text, transform, writeBuffer } from "./index.js";
export type {
  BytesMap,
  CacheOptions,
  GzipOptions,
  JsonValue,
  Transformation,
  WriteBuffer,
  WriteBufferOptions,
} from "./index.js";
