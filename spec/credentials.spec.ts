import { rmSync } from "node:fs";
import path from "node:path";
import { environmentOf } from "../lib/arguments/environment.js";
import type { ClientConfig } from "../lib/bridge/protocol.js";
import { Connections } from "../lib/worker/s3/transport/connections.js";
import { MapCredentials } from "../lib/worker/s3/credentials/credentials.js";
import type { SdkError } from "../lib/worker/s3/sdk-errors.js";
import { Surroundings } from "../lib/worker/s3/surroundings.js";
import { Home } from "./support/credential-sources.js";

jest.setTimeout(120_000);

const home = new Home();
beforeEach(() => {
  rmSync(path.join(home.folder, ".aws"), { recursive: true, force: true });
  home.enter({});
});
afterAll(() => home.end());

const settings: ClientConfig = { bucket: "bucket", concurrency: 4 };
const credentialsNow = (): MapCredentials =>
  new MapCredentials(settings, new Surroundings(environmentOf(process.env)), new Connections(4));
const refused = (name: string): SdkError =>
  Object.assign(new Error(name), { name, $metadata: { httpStatusCode: 403 } });
const whole = (name: string): object => ({
  accessKeyId: `AKID${name}`,
  secretAccessKey: `secret-${name}`,
  sessionToken: `token-${name}`,
});

describe("MapCredentials", () => {
  it("does not take a file while it is being written", async () => {
    home.write(".aws/credentials", `[default]\n${home.written("First")}`);
    const known = credentialsNow();
    const [id, secret, token] = home.written("Second").split("\n");
    home.write(
      ".aws/credentials",
      `[default]\n${id}\n${home.written("First").split("\n").slice(1).join("\n")}`,
    );
    const renewed = known.renewAfter(refused("ExpiredToken"), known.use);
    // It has looked once by now.
    home.write(".aws/credentials", `[default]\n${id}\n${secret}\n${token}\n`);
    expect(await renewed).toBe(true);
    expect(await known.get()).toMatchObject(whole("Second"));
  });

  it("takes what was half written once it is whole", async () => {
    home.write(".aws/credentials", `[default]\n${home.written("First")}`);
    const known = credentialsNow();
    expect(await known.renewAfter(refused("SignatureDoesNotMatch"), known.use)).toBe(false);
    // As by `aws configure set`, once for each of the three.
    const half = home.written("Second").replace("secret-Second", "secret-First");
    home.write(".aws/credentials", `[default]\n${half}`);
    expect(await known.renewAfter(refused("ExpiredToken"), known.use)).toBe(true);
    home.write(".aws/credentials", `[default]\n${home.written("Second")}`);
    expect(await known.renewAfter(refused("SignatureDoesNotMatch"), known.use)).toBe(true);
    expect(await known.get()).toMatchObject(whole("Second"));
  });

  it("reads once for all that were signed with the same, and again for those that were signed later", async () => {
    home.become("First");
    home.write(".aws/config", `[default]\ncredential_process = ${home.process()}\n`);
    const known = credentialsNow();
    await known.get();
    const use = known.use;
    home.given();
    home.become("Second");
    const all = Array.from({ length: 64 }, () => known.renewAfter(refused("ExpiredToken"), use));
    expect(await Promise.all(all)).toEqual(Array(64).fill(true));
    expect(await known.renewAfter(refused("ExpiredToken"), use)).toBe(true);
    expect(home.given()).toBe(1);
    expect(await known.renewAfter(refused("ExpiredToken"), known.use)).toBe(false);
    expect(home.given()).toBe(1);
  });

  it("resolves once for what is tried past the SDK and for its client", async () => {
    home.become("First");
    home.write(".aws/config", `[default]\ncredential_process = ${home.process()}\n`);
    home.given();
    const known = credentialsNow();
    const ofClient = known.forClient({});
    const [one, other] = await Promise.all([known.get(), ofClient()]);
    expect(one).toBe(other);
    expect(await ofClient()).toBe(one);
    expect(home.given()).toBe(1);
  });

  it("leaves other answers alone", async () => {
    home.write(".aws/credentials", `[default]\n${home.written("First")}`);
    const known = credentialsNow();
    home.write(".aws/credentials", `[default]\n${home.written("Second")}`);
    const inDistress = Object.assign(refused("ExpiredToken"), { $metadata: { httpStatusCode: 500 } });
    for (const error of [refused("AccessDenied"), refused("NoSuchBucket"), inDistress])
      expect(await known.renewAfter(error, known.use)).toBe(false);
    expect(await known.get()).toMatchObject(whole("First"));
  });
});
