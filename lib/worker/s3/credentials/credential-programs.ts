import childProcess from "node:child_process";
import { promisify } from "node:util";
import { environmentOfPrograms } from "../surroundings.js";

// The SDK takes this function when it is loaded, for `credential_process`. Such a program (the AWS CLI, aws-vault, saml2aws)
// reads the shared configuration files, too: those that there are, not the texts that the SDK is given.
const { exec } = childProcess;
const started = promisify(exec);
childProcess.exec = Object.assign(exec.bind(undefined), {
  [promisify.custom]: (command: string) => started(command, { env: environmentOfPrograms() }),
});
