// The same functions and state as by `require`: this file only passes them on.
export {
  cache,
  edit,
  encrypt,
  expire,
  gzip,
  json,
  live,
  purge,
  readonly,
  structured,
  text,
  transform,
  validate,
  writeBuffer,
} from "./index.js";
export type {
  BytesMap,
  CacheOptions,
  GzipOptions,
  LayerBase,
  StandardSchema,
  Transformation,
  ValidatedMap,
  WriteBuffer,
  WriteBufferOptions,
} from "./index.js";
