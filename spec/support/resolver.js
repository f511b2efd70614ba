// Jest's resolver. Where a spec imports a file of lib/, it is given the built one in dist/, and with it the
// built worker: the specs test what users get. The specs themselves are TypeScript, imported as ".js".
const fs = require("node:fs");
const path = require("node:path");

const root = path.join(__dirname, "../..");

/** @type {import("jest-resolve").SyncResolver} */
module.exports = (request, options) => options.defaultResolver(ours(request, options.basedir), options);

/** @param {string} request @param {string} basedir */
function ours(request, basedir) {
  if (!request.startsWith(".")) return request;
  const [room, ...rest] = path.relative(root, path.resolve(basedir, request)).split(path.sep);
  if (room === "lib") return path.join(root, "dist", ...rest);
  const source = path.join(root, "spec", ...rest).replace(/\.js$/, ".ts");
  return room === "spec" && fs.existsSync(source) ? source : request;
}
