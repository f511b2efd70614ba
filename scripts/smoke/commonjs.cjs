const { isMainThread } = require("node:worker_threads");
const library = require("s3bucketmap");
const { exercise, exerciseInWorker, exerciseLater, exerciseWaiting } = require("./exercise.cjs");

if (isMainThread) {
  exercise(library, "at the top level");
  exerciseLater(library);
  exerciseInWorker(__filename);
  exerciseWaiting(library);
} else {
  exercise(library, "in a worker thread");
}
