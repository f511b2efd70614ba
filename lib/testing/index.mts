// The same function as by `require`: this file only passes it on.
export { contract } from "./index.js";
export type { ContractOptions, Define, RefusedValue } from "./index.js";
