import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { sized } from "./support/size.js";

const rounds = sized(400, 3000);

describe("two on one directory of the local S3", () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(path.join(tmpdir(), "s3bucketmap-ping-pong-"));
  });
  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  it.each(["process", "thread"])(
    "reads nothing stale from another %s in many ping-pongs",
    (kind) => {
      const { stdout, stderr, status } = spawnSync(
        process.execPath,
        [path.join(__dirname, "fixtures/ping-pong.js"), kind, String(rounds)],
        { encoding: "utf8", env: { ...process.env, S3BUCKETMAP_LOCAL: directory } },
      );
      expect({ stdout, stderr, status }).toEqual({
        stdout: `${rounds} rounds, 0 stale\n`,
        stderr: "",
        status: 0,
      });
    },
    300_000,
  );
});
