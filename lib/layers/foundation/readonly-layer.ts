import { filesOf } from "../../map/file-map.js";
import type { FileMap } from "../../map/file-map.js";
import { argumentError } from "../../errors/errors.js";
import { internals } from "../../map/internals.js";
import type { Internals } from "../../map/internals.js";
import type { SyncMap } from "../../map/sync-map.js";
import { Layer } from "./layer.js";

/** @see readonly */
export class ReadonlyLayer<V> extends Layer<V> {
  /** @internal */
  readonly [internals]: Internals<V> = {
    ...this.below,
    update: () => this.#refuse("update"),
    url: (key, options) => {
      if (options?.method === "PUT") this.#refuse("url for PUT");
      return this.below.url(key, options);
    },
    writing: (method) => this.#refuse(method),
    prepare: () => this.#refuse("set"),
    prepareDeletion: () => this.#refuse("delete"),
    purge: () => this.#refuse("purge"),
    removeMany: () => this.#refuse("purge"),
  };
  readonly #by: string;

  /** @param by - the function that created the layer */
  constructor(base: SyncMap<V>, by = "readonly", options?: object) {
    super(base, by, options);
    this.#by = by;
  }

  set(): never {
    return this.#refuse("set");
  }

  setMany(): never {
    return this.#refuse("setMany");
  }

  create(): never {
    return this.#refuse("create");
  }

  override delete(): never {
    return this.#refuse("delete");
  }

  override deleteMany(): never {
    return this.#refuse("deleteMany");
  }

  override clear(): never {
    return this.#refuse("clear");
  }

  override update(): never {
    return this.#refuse("update");
  }

  override putFile(): never {
    return this.#refuse("putFile");
  }

  override getFile(...args: Parameters<FileMap<V>["getFile"]>): boolean {
    return filesOf(this.base, "getFile").getFile(...args);
  }

  subMap(prefix: string): FileMap<V> {
    return new ReadonlyLayer(this.base.subMap(prefix));
  }

  #refuse(method: string): never {
    throw argumentError(
      `This map is read-only: it does not support ${method}. Write through the base map of ${this.#by}.`,
    );
  }
}
