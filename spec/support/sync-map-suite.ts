import { contract } from "../../lib/testing/index.js";
import type { MapUnderTest } from "./map-under-test.js";

/** The contract of `SyncMap`, as specs. */
export function syncMapSuite(name: string, under: MapUnderTest): void {
  contract({ ...under, name, describe, it });
}
