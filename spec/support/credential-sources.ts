import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

/** A home folder of its own, and what gives credentials to programs that live there. */
export class Home {
  readonly folder: string = realpathSync(mkdtempSync(path.join(tmpdir(), "s3bucketmap-credentials-")));
  /** Where credentials-server.js serves; it gives those of {@link become}. */
  endpoint = "";
  readonly #before = { ...process.env };
  #server: ReturnType<typeof spawn> | undefined;

  async start(): Promise<void> {
    this.become("First");
    const server = spawn(process.execPath, [path.join(__dirname, "credentials-server.js"), this.folder], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    this.#server = server;
    const [port] = (await once(server.stdout, "data")) as [Buffer];
    this.endpoint = `http://127.0.0.1:${String(port).trim()}`;
  }

  end(): void {
    this.leave();
    this.#server?.stdin?.end();
    rmSync(this.folder, { recursive: true });
  }

  /** The program's environment is this home and no other variable that is about AWS. */
  enter(variables: Record<string, string>): void {
    for (const name of Object.keys(process.env)) if (name.startsWith("AWS_")) delete process.env[name];
    Object.assign(process.env, { HOME: this.folder, AWS_EC2_METADATA_DISABLED: "true" }, variables);
  }

  leave(): void {
    for (const name of Object.keys(process.env)) if (!(name in this.#before)) delete process.env[name];
    Object.assign(process.env, this.#before);
  }

  write(name: string, text: string): string {
    const file = path.join(this.folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
    return file;
  }

  read(name: string): string {
    return readFileSync(path.join(this.folder, name), "utf8");
  }

  /** What the server and the process give from now on is of this name. */
  become(who: string): void {
    this.write("current", who);
  }

  /** How often the server or the process has given credentials, since this was last asked. */
  given(): number {
    const file = path.join(this.folder, "given");
    if (!existsSync(file)) return 0;
    const lines = readFileSync(file, "utf8").trim().split("\n").length;
    rmSync(file);
    return lines;
  }

  written(who: string): string {
    return `aws_access_key_id = AKID${who}\naws_secret_access_key = secret-${who}\naws_session_token = token-${who}\n`;
  }

  /** For `credential_process`. */
  process(): string {
    const script = `const fs = require("node:fs"), path = require("node:path");
const who = fs.readFileSync(path.join(__dirname, "current"), "utf8");
fs.appendFileSync(path.join(__dirname, "given"), "process " + who + "\\n");
console.log(JSON.stringify({ Version: 1, AccessKeyId: "AKID" + who, SecretAccessKey: "secret-" + who,
  SessionToken: "token-" + who, Expiration: new Date(Date.now() + 3600000).toISOString() }));`;
    return `${process.execPath} ${this.write("process.js", script)}`;
  }

  /** As `aws sso login` leaves it. */
  logIn(session: string, expiresAt: Date = new Date(Date.now() + 3_600_000)): void {
    const name = createHash("sha1").update(session).digest("hex");
    const token = { accessToken: "sso-token", expiresAt: expiresAt.toISOString() };
    this.write(`.aws/sso/cache/${name}.json`, JSON.stringify(token));
  }
}

/** How programs come by credentials: what is there for the first of two, and what another program does then. */
export interface Source {
  name: string;
  variables?: (home: Home) => Record<string, string>;
  begin: (home: Home) => unknown;
  renew: (home: Home) => unknown;
}

const byServer = {
  begin: (home: Home) => home.become("First"),
  renew: (home: Home) => home.become("Second"),
};
const ssoProfile =
  "sso_session = mine\nsso_account_id = 123456789012\nsso_role_name = reader\n" +
  "[sso-session mine]\nsso_region = us-east-1\nsso_start_url = https://example.awsapps.com/start\n";

export const sources: readonly Source[] = [
  {
    name: "the shared file",
    begin: (home) => home.write(".aws/credentials", `[default]\n${home.written("First")}`),
    renew: (home) => home.write(".aws/credentials", `[default]\n${home.written("Second")}`),
  },
  {
    name: "a profile of the other file",
    variables: () => ({ AWS_PROFILE: "one" }),
    begin: (home) => home.write(".aws/config", `[profile one]\nregion = eu-west-1\n${home.written("First")}`),
    renew: (home) => home.write(".aws/config", `[profile one]\nregion = x\n${home.written("Second")}`),
  },
  {
    name: "a process",
    ...byServer,
    begin: (home) => {
      home.become("First");
      home.write(".aws/config", `[default]\ncredential_process = ${home.process()}\n`);
    },
  },
  {
    name: "SSO",
    variables: ({ endpoint }) => ({ AWS_ENDPOINT_URL_SSO: endpoint }),
    begin: (home) => {
      home.become("First");
      home.logIn("mine");
      home.write(".aws/config", `[default]\n${ssoProfile}`);
    },
    renew: (home) => {
      home.become("Second");
      home.logIn("mine");
    },
  },
  {
    name: "an instance's role",
    variables: ({ endpoint }) => ({
      AWS_EC2_METADATA_SERVICE_ENDPOINT: endpoint,
      AWS_EC2_METADATA_DISABLED: "false",
    }),
    ...byServer,
  },
  {
    name: "a container",
    variables: ({ endpoint }) => ({ AWS_CONTAINER_CREDENTIALS_FULL_URI: `${endpoint}/container` }),
    ...byServer,
  },
  {
    name: "a role that those of the shared file assume",
    variables: ({ endpoint }) => ({ AWS_ENDPOINT_URL_STS: endpoint, AWS_PROFILE: "role" }),
    begin: (home) => {
      home.become("First");
      home.write(
        ".aws/config",
        "[profile role]\nrole_arn = arn:aws:iam::123456789012:role/r\nsource_profile = default\n",
      );
      home.write(".aws/credentials", `[default]\n${home.written("Source")}`);
    },
    renew: (home) => home.become("Second"),
  },
  {
    name: "web identity",
    variables: (home) => ({
      AWS_ENDPOINT_URL_STS: home.endpoint,
      AWS_ROLE_ARN: "arn:aws:iam::123456789012:role/r",
      AWS_WEB_IDENTITY_TOKEN_FILE: home.write("web-token", "token"),
    }),
    ...byServer,
  },
];
