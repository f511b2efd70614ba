// @ts-check
// Gives credentials as an instance, a container, SSO and STS give them: of whoever the file `current` in a directory names
// at that moment, "AKID…" as the access key, "secret-…" and "token-…" beside it. It adds a line to the file `given` for each
// time. Run as a process, `node credentials-server.js DIRECTORY`, it tells its port on stdout.
const fs = require("node:fs");
const http = require("node:http");
const path = require("node:path");

const [directory = "."] = process.argv.slice(2);

/** @param {string} by */
function current(by) {
  const who = fs.readFileSync(path.join(directory, "current"), "utf8").trim();
  fs.appendFileSync(path.join(directory, "given"), `${by} ${who}\n`);
  const expiration = new Date(Date.now() + 3_600_000);
  return { id: `AKID${who}`, secret: `secret-${who}`, token: `token-${who}`, expiration };
}

/** @param {string} by */
function asJson(by) {
  const { id, secret, token, expiration } = current(by);
  return JSON.stringify({
    AccessKeyId: id,
    SecretAccessKey: secret,
    Token: token,
    Expiration: expiration.toISOString().replace(/\.\d+/, ""),
  });
}

/** @param {http.IncomingMessage} request @returns {[number, string]} */
function answer({ method, url = "", headers }) {
  if (url === "/latest/api/token" && method === "PUT") return [200, "imds-token"];
  if (url === "/latest/meta-data/iam/security-credentials/") return [200, "a-role"];
  if (url === "/latest/meta-data/iam/security-credentials/a-role") return [200, asJson("imds")];
  if (url === "/container") return [200, asJson("container")];
  if (url.startsWith("/federation/credentials?")) {
    if (headers["x-amz-sso_bearer_token"] !== "sso-token")
      return [401, JSON.stringify({ __type: "UnauthorizedException", message: "Session token not found" })];
    const { id, secret, token, expiration } = current("sso");
    const roleCredentials = {
      accessKeyId: id,
      secretAccessKey: secret,
      sessionToken: token,
      expiration: expiration.getTime(),
    };
    return [200, JSON.stringify({ roleCredentials })];
  }
  return [404, ""];
}

/** STS: its requests are forms. @param {string} form @returns {[number, string]} */
function assume(form) {
  const action = /Action=(\w+)/.exec(form)?.[1] ?? "";
  const { id, secret, token, expiration } = current("sts");
  return [
    200,
    `<${action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><${action}Result><Credentials>` +
      `<AccessKeyId>${id}</AccessKeyId><SecretAccessKey>${secret}</SecretAccessKey><SessionToken>${token}</SessionToken>` +
      `<Expiration>${expiration.toISOString()}</Expiration></Credentials></${action}Result></${action}Response>`,
  ];
}

const server = http.createServer((request, response) => {
  let form = "";
  request.setEncoding("utf8");
  request.on("data", (chunk) => (form += chunk));
  request.on("end", () => {
    const [status, body] = request.method === "POST" ? assume(form) : answer(request);
    response.writeHead(status, { "content-type": body.startsWith("<") ? "text/xml" : "application/json" });
    response.end(body);
  });
});
server.listen(0, "127.0.0.1", () => {
  console.log(/** @type {import("node:net").AddressInfo} */ (server.address()).port);
});
// Not longer than who started it.
process.stdin.resume().on("end", () => process.exit());
