// Reads and writes of a small value, one after the other: this library and all who do the same.
const { contest } = require("./support/contest.js");
const { cannedServer, localServer, realServer } = require("./support/servers.js");

const smoke = process.argv.includes("--smoke");
const only = process.argv
  .find((arg) => arg.startsWith("--only="))
  ?.slice("--only=".length)
  .split(";");

async function run() {
  const often = smoke
    ? { rounds: 2, calls: 3, warmUp: 2, signed: false }
    : { rounds: 40, calls: 50, warmUp: 2000, signed: false };
  const seldom = smoke
    ? { rounds: 1, calls: 2, warmUp: 1, signed: false }
    : { rounds: 15, calls: 10, warmUp: 30, signed: false };
  const servers = [
    { title: "a canned responder", server: await cannedServer(), ...often },
    { title: "20 ms a round trip", server: await cannedServer(20), ...seldom },
    { title: "the local S3 over HTTP", server: await localServer(), ...often },
    { title: "a service", server: realServer(), ...often, signed: true },
  ];
  const wanted = process.argv.find((arg) => arg.startsWith("--server="))?.slice("--server=".length);
  for (const { title, server, rounds, calls, warmUp, signed } of servers) {
    if (wanted === undefined || title.includes(wanted)) {
      if (server === undefined) {
        console.log(`\n${title}: left out, no AWS_ENDPOINT_URL_S3 and S3BUCKETMAP_SPEC_BUCKET.`);
      } else {
        const { endpoint, bucket } = server;
        /** @type {("get" | "set")[]} */
        const operations = ["get", "set"];
        await contest({
          title,
          endpoint,
          bucket,
          operations,
          rounds,
          calls,
          warmUp,
          signed,
          ...(only ? { only } : {}),
        });
      }
    }
    server?.end();
  }
}

run();
