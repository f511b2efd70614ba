import fs from "node:fs";
import path from "node:path";
import type { Finding } from "../../../bridge/protocol.js";
import { version } from "../../../build-stamp.js";

/** What is at work, for who reads a report elsewhere. */
export function versions(isLocal: boolean): Finding {
  const { bun, deno, node } = process.versions;
  const runtime = bun !== undefined ? `Bun ${bun}` : deno !== undefined ? `Deno ${deno}` : `Node.js ${node}`;
  const packages = ["@aws-sdk/client-s3", ...(isLocal ? ["lmdb"] : [])];
  const parts = [`s3bucketmap ${version}`, runtime, `${process.platform} ${process.arch}`];
  const text = [...parts, ...packages.map((name) => `${name} ${versionOf(name)}`)].join(", ");
  return { name: "versions", status: "ok", text };
}

// Not every package lets its package.json be required.
function versionOf(name: string): string {
  try {
    let folder = path.dirname(require.resolve(name));
    for (;;) {
      const file = path.join(folder, "package.json");
      const found = fs.existsSync(file) && (JSON.parse(fs.readFileSync(file, "utf8")) as Partial<Package>);
      if (found && found.name === name) return found.version ?? "of an unknown version";
      const parent = path.dirname(folder);
      if (parent === folder) return "of an unknown version";
      folder = parent;
    }
  } catch {
    return "is missing";
  }
}

interface Package {
  name: string;
  version: string;
}
