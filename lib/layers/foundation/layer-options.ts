import { leadsToFacade } from "../../copies/facades.js";
import { kindOf } from "../../arguments/keys.js";
import { closest } from "../../text/spelling.js";
import { argumentError } from "../../errors/errors.js";

/** @throws TypeError for options that are none, or one that there is not, naming the right one */
export function checkNames(layer: string, options: unknown, names: readonly string[]): void {
  if (typeof options !== "object" || options === null || leadsToFacade(options))
    throw argumentError(`The options of ${layer} must be an object, not ${kindOf(options)}.`);
  for (const name of Object.keys(options)) {
    if (names.includes(name)) continue;
    const right = closest(name, names);
    throw argumentError(
      `There is no option "${name}" of ${layer}${right === undefined ? `; there are: ${names.join(", ")}` : `: did you mean "${right}"?`}.`,
    );
  }
}

/** @throws TypeError for what is no whole number in the range */
export function checkWhole(layer: string, name: string, value: unknown, min: number, max: number): void {
  if (
    typeof value === "number" &&
    (Number.isInteger(value) || value === Infinity) &&
    value >= min &&
    value <= max
  )
    return;
  throw argumentError(
    `The option ${name} of ${layer} must be a whole number from ${min} to ${max}, not ${kindOf(value)}.`,
  );
}
