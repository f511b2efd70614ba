export { contract } from "./contract.js";
export type { ContractOptions, Define, RefusedValue } from "./options.js";
