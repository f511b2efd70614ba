// @ts-check
// One process of the check: two threads, each of which uses the library on its own.
const path = require("node:path");
const { Worker } = require("node:worker_threads");

for (const task of JSON.parse(String(process.argv[2]))) {
  const worker = new Worker(path.join(__dirname, "run.js"), { workerData: task });
  worker.on("error", (error) => {
    console.error(error);
    process.exit(1);
  });
}
