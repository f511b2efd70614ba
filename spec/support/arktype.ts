import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type * as arktype from "arktype" with { "resolution-mode": "import" };
import { rollup } from "rollup";

const packages = path.join(__dirname, "../../node_modules");
const fileOf = (name: string): string => {
  const [, folder = "", file = "index"] = /^((?:@ark\/)?\w+)(?:\/(\w+))?$/.exec(name) ?? [];
  return path.join(packages, folder, "out", `${file}.js`);
};

/** arktype has ES modules only, and Jest requires CommonJS. */
export async function loadArktype(): Promise<typeof arktype> {
  const bundle = await rollup({
    input: fileOf("arktype"),
    // It has circular imports, which is no concern of ours.
    onwarn: () => {},
    plugins: [
      {
        name: "packages",
        resolveId: (source) => (/^[@a-z]/.test(source) ? fileOf(source) : null),
      },
    ],
  });
  const { output } = await bundle.generate({ format: "cjs", exports: "named" });
  await bundle.close();
  const folder = mkdtempSync(path.join(tmpdir(), "s3bucketmap-arktype-"));
  const file = path.join(folder, "arktype.cjs");
  try {
    writeFileSync(file, output[0].code);
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- there is no such module before
    return require(file) as typeof arktype;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
