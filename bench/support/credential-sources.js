// Ways in which programs come by credentials that are not written down, all on this machine.
const { createHash } = require("node:crypto");
const fs = require("node:fs");
const { tmpdir } = require("node:os");
const path = require("node:path");
const { credentialsServer } = require("./servers.js");

/** @returns {Promise<{ environments: Record<string, Record<string, string>>, end(): void }>} */
async function credentialSources() {
  const folder = fs.mkdtempSync(path.join(tmpdir(), "s3bucketmap-bench-credentials-"));
  /** @type {(name: string, text: string) => string} */
  const write = (name, text) => {
    const file = path.join(folder, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, text);
    return file;
  };
  write("current", "Bench");
  const server = await credentialsServer(folder);
  const later = new Date(Date.now() + 3_600_000).toISOString();

  // The quickest of programs: what it takes is no affair of the SDK's, nor of the library's.
  const said = {
    Version: 1,
    AccessKeyId: "AKID",
    SecretAccessKey: "s",
    SessionToken: "t",
    Expiration: later,
  };
  const file = write("said.json", JSON.stringify(said));
  write("process/.aws/config", `[default]\nregion = us-east-1\ncredential_process = cat ${file}\n`);
  write(
    "sso/.aws/config",
    "[default]\nregion = us-east-1\nsso_session = mine\nsso_account_id = 123456789012\nsso_role_name = reader\n" +
      "[sso-session mine]\nsso_region = us-east-1\nsso_start_url = https://example.awsapps.com/start\n",
  );
  const session = createHash("sha1").update("mine").digest("hex");
  write(`sso/.aws/sso/cache/${session}.json`, JSON.stringify({ accessToken: "sso-token", expiresAt: later }));

  const home = (/** @type {string} */ name) => path.join(folder, name);
  return {
    environments: {
      SSO: { HOME: home("sso"), AWS_ENDPOINT_URL_SSO: server.endpoint },
      "a role of the instance": {
        HOME: home("none"),
        AWS_REGION: "us-east-1",
        AWS_EC2_METADATA_SERVICE_ENDPOINT: server.endpoint,
      },
      "a process": { HOME: home("process") },
      "a container": {
        HOME: home("none"),
        AWS_REGION: "us-east-1",
        AWS_CONTAINER_CREDENTIALS_FULL_URI: `${server.endpoint}/container`,
      },
    },
    end() {
      server.end();
      fs.rmSync(folder, { recursive: true, force: true });
    },
  };
}

module.exports = { credentialSources };
