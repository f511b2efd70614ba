// @ts-check
const { fork } = require("node:child_process");

/**
 * Forks a script once for each list of arguments. Each process sends a message when it is ready, waits for "start", and sends
 * its report.
 *
 * @param {string} script
 * @param {string[][]} runs
 * @returns {Promise<{ reports: any[], seconds: string }>}
 */
async function startTogether(script, runs) {
  const children = runs.map((args) => fork(script, args));
  /** @param {import("node:child_process").ChildProcess} child @returns {Promise<any>} */
  const heard = (child) =>
    new Promise((resolve, reject) => {
      child.once("message", resolve);
      child.once("exit", (code) => reject(new Error(`a process ended with ${code}`)));
    });
  await Promise.all(children.map(heard));
  const started = performance.now();
  const reports = children.map(heard);
  for (const child of children) child.send("start");
  return { reports: await Promise.all(reports), seconds: ((performance.now() - started) / 1000).toFixed(1) };
}

module.exports = { startTogether };
