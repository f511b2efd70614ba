// Jest's resolver. Where a spec imports a file of lib/ that the build makes one of, it is given that one, and with it the
// built worker: the specs test what users get. Other files of lib/ and the specs are TypeScript, imported as ".js".
const fs = require("node:fs");
const path = require("node:path");

const root = path.join(__dirname, "../..");

/** @type {import("jest-resolve").SyncResolver} */
module.exports = (request, options) => options.defaultResolver(ours(request, options.basedir), options);

/** @param {string} request @param {string} basedir */
function ours(request, basedir) {
  if (!request.startsWith(".")) return request;
  const [room, ...rest] = path.relative(root, path.resolve(basedir, request)).split(path.sep);
  if (room !== "lib" && room !== "spec") return request;
  const built = path.join(root, "dist", ...rest);
  if (room === "lib" && fs.existsSync(built)) return built;
  const source = path.join(root, room, ...rest).replace(/\.js$/, ".ts");
  return fs.existsSync(source) ? source : request;
}
