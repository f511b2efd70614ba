import type { ContractOptions } from "../../lib/testing/index.js";

export { inUtf8Order, oddKeys } from "../../lib/testing/odd-keys.js";

/** What of the contract a map can be held to. */
export type MapUnderTest = Omit<ContractOptions, "describe" | "it" | "name">;
