import { sharedFiles } from "../../../arguments/environment.js";
import type { Environment } from "../../../bridge/protocol.js";

/** A setting in one of the shared configuration files. */
export interface Written {
  value: string;
  /** The file and the line, for a reader. */
  where: string;
}

/** Finds the lines of the shared configuration files that a profile's settings come from. */
export class SharedFiles {
  readonly paths: { config: string; credentials: string };
  readonly #environment: Environment;

  constructor(environment: Environment) {
    this.#environment = environment;
    this.paths = sharedFiles(environment.variables);
  }

  /** What a profile says of a setting. Where both files do, the SDK takes that of the credentials. */
  ofProfile(profile: string, setting: string): Written | undefined {
    const titles = profile === "default" ? ["default", "profile default"] : [`profile ${profile}`];
    return (
      this.#find("credentials", [profile], new RegExp(`^\\s*${setting}\\s*=`)) ??
      this.#find("config", titles, new RegExp(`^\\s*${setting}\\s*=`))
    );
  }

  /** What a section of services says of one of them, indented below its name. */
  ofService(services: string, service: string, setting: string): Written | undefined {
    return this.#find("config", [`services ${services}`], new RegExp(`^\\s*${setting}\\s*=`), service);
  }

  /** All that is secret in them. */
  secrets(): string[] {
    const lines = `${this.#environment.config}\n${this.#environment.credentials}`.split(/\r?\n/);
    const secret =
      /^\s*(?:aws_secret_access_key|aws_session_token|credential_process|\w*token)\s*=\s*(\S.*)$/;
    return lines.flatMap((line) => secret.exec(line)?.[1]?.trim() ?? []);
  }

  // Of a setting that comes twice the last one counts.
  #find(
    file: "config" | "credentials",
    titles: readonly string[],
    setting: RegExp,
    within?: string,
  ): Written | undefined {
    let found: Written | undefined;
    let isIn = false;
    let above: string | undefined;
    for (const [at, line] of this.#environment[file].split(/\r?\n/).entries()) {
      const said = line.split(/(?:^|\s)[;#]/, 1)[0]!.trim();
      const title = /^\[(.*)\]$/.exec(said)?.[1];
      if (title !== undefined) isIn = titles.includes(title.replace(/["']/g, "").trim().replace(/\s+/g, " "));
      const name = /^(\S+)\s*=$/.exec(said)?.[1];
      if (name !== undefined) above = name;
      else if (said !== "" && /^\S/.test(line)) above = undefined;
      if (title === undefined && isIn && above === within && setting.test(said)) {
        const value = said.slice(said.indexOf("=") + 1).trim();
        found = { value, where: `${this.paths[file]}, line ${at + 1}` };
      }
    }
    return found;
  }
}
