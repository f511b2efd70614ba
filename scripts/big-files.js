// node scripts/big-files.js [GB] [DIRECTORY]
// Stores a file of so many GB (20 by default) and writes it back, against a server that keeps nothing. Prints the memory of the
// program meanwhile, as Linux counts it (VmRSS). The download needs so much room in DIRECTORY; the file that is stored is sparse.
const { fork } = require("node:child_process");
const fs = require("node:fs");
const http = require("node:http");
const os = require("node:os");
const path = require("node:path");
const zlib = require("node:zlib");

const [role = "", ...rest] = process.argv.slice(2);
const zeros = Buffer.alloc(1024 * 1024);

/** The CRC32 of so many zeros, as S3 writes it. @param {number} length */
function crcOfZeros(length) {
  let crc = 0;
  for (let left = length; left > 0; left -= zeros.length) crc = zlib.crc32(zeros.subarray(0, left), crc);
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc);
  return sum.toString("base64");
}

/** Discards what is stored, and gives zeros. @param {number} length */
function serve(length) {
  const always = { etag: '"zeros"', "x-amz-request-id": "1", "last-modified": new Date(0).toUTCString() };
  const checksum = { "x-amz-checksum-crc32": crcOfZeros(length), "x-amz-checksum-type": "FULL_OBJECT" };
  const asked = { "x-amz-checksum-algorithm": "CRC32", "x-amz-checksum-type": "FULL_OBJECT" };
  const server = http.createServer((request, response) => {
    const { method, url = "" } = request;
    if (method === "GET") {
      const [, from, to] = /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? "") ?? [];
      const [start, end] = from === undefined ? [0, length] : [Number(from), Number(to) + 1];
      const range =
        from === undefined ? checksum : { "content-range": `bytes ${start}-${end - 1}/${length}` };
      response.writeHead(from === undefined ? 200 : 206, {
        ...always,
        ...range,
        "content-length": end - start,
      });
      let left = end - start;
      const write = () => {
        while (left > 0 && !response.destroyed) {
          const piece = zeros.subarray(0, left);
          left -= piece.length;
          if (!response.write(piece)) return;
        }
        response.end();
      };
      response.on("drain", write);
      write();
      return;
    }
    request.resume().on("end", () => {
      if (method === "PUT") response.writeHead(200, always).end();
      else if (url.includes("uploads"))
        response
          .writeHead(200, { ...always, ...asked })
          .end("<InitiateMultipartUploadResult><UploadId>1</UploadId></InitiateMultipartUploadResult>");
      else
        response
          .writeHead(200, always)
          .end('<CompleteMultipartUploadResult><ETag>"zeros"</ETag></CompleteMultipartUploadResult>');
    });
  });
  server.listen(0, "127.0.0.1", () => {
    const address = server.address();
    process.send?.(typeof address === "object" ? address?.port : undefined);
  });
}

/** @param {string} port @param {string} way @param {string} file */
function move(port, way, file) {
  const { S3BucketMap } = require("s3bucketmap");
  const map = new S3BucketMap("bucket", {
    endpoint: `http://127.0.0.1:${port}`,
    region: "us-east-1",
    credentials: { accessKeyId: "key", secretAccessKey: "secret" },
  });
  if (way === "up") map.putFile("key", file);
  else if (!map.getFile("key", file)) throw new Error("no such key");
  process.exit();
}

/** @param {number} pid */
function residentMb(pid) {
  const status = fs.readFileSync(`/proc/${pid}/status`, "utf8");
  return Math.round(Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0) / 1024);
}

/** @param {number} length @param {string} directory */
async function measure(length, directory) {
  const work = fs.mkdtempSync(path.join(directory, "s3bucketmap-big-files-"));
  const server = fork(__filename, ["serve", String(length)]);
  try {
    const port = String(await new Promise((resolve) => server.once("message", resolve)));
    const file = path.join(work, "file");
    fs.writeFileSync(file, "");
    fs.truncateSync(file, length);
    for (const way of ["up", "down"]) {
      const began = Date.now();
      const program = fork(__filename, ["move", port, way, file]);
      const memory = /** @type {number[]} */ ([]);
      const timer = setInterval(() => memory.push(residentMb(program.pid ?? 0)), 250);
      const code = await new Promise((resolve) => program.once("exit", resolve));
      clearInterval(timer);
      if (code !== 0) throw new Error(`${way}: exit code ${code}`);
      const seconds = (Date.now() - began) / 1000;
      const quarters = [1, 2, 3, 4].map((quarter) => {
        const of = memory.slice(((quarter - 1) * memory.length) / 4, (quarter * memory.length) / 4);
        return Math.max(...of);
      });
      const speed = Math.round(length / seconds / 1e6);
      console.log(
        `${way}: ${length / 1e9} GB in ${seconds.toFixed(0)} s, ${speed} MB/s; most memory in each quarter of the time: ${quarters.join(", ")} MB`,
      );
    }
    if (fs.statSync(file).size !== length) throw new Error("the file has another length");
  } finally {
    server.kill();
    fs.rmSync(work, { recursive: true });
  }
}

if (role === "serve") serve(Number(rest[0]));
else if (role === "move") move(rest[0] ?? "", rest[1] ?? "", rest[2] ?? "");
else void measure(Number(role || 20) * 1e9, rest[0] ?? os.tmpdir());
