import { contract } from "../../lib/testing/index.js";
import { copiesSuite } from "./copies-suite.js";
import type { MapUnderTest } from "./map-under-test.js";

/** The contract of `SyncMap`, as specs, and that of copies, which a native Map has not. */
export function syncMapSuite(name: string, under: MapUnderTest): void {
  contract({ ...under, name, describe, it });
  if (under.extended !== false) describe(name, () => copiesSuite(under));
}
