import type childProcess from "node:child_process";
import { promisify } from "node:util";
import { environmentOfPrograms } from "../surroundings.js";

/**
 * To be called before the SDK is loaded: it then takes this function for `credential_process`. Such a program (the AWS CLI,
 * aws-vault, saml2aws) reads the shared configuration files, too: those that there are, not the texts that the SDK is given.
 */
export function replaceExec(): void {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- takes milliseconds that only the SDK needs
  const programs = require("node:child_process") as typeof childProcess;
  const { exec } = programs;
  const started = promisify(exec);
  programs.exec = Object.assign(exec.bind(undefined), {
    [promisify.custom]: (command: string) => started(command, { env: environmentOfPrograms() }),
  });
}
