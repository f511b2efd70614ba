const { isMainThread } = require("node:worker_threads");
const library = require("s3bucketmap");
const { exercise, exerciseInWorker, exerciseLater } = require("./exercise.cjs");

if (isMainThread) {
  exercise(library, "at the top level");
  exerciseLater(library);
  exerciseInWorker(__filename);
} else {
  exercise(library, "in a worker thread");
}
