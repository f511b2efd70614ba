// The walls between the rooms of lib/, as `npm run lint` checks them. ARCHITECTURE.md says what they are for.

/** What any room may know: what is checked at once, errors, what is global to a thread, text. */
const common = ["arguments", "errors", "global", "text"];

/** Everything in lib/ but these rooms. @param {...string} rooms */
const allBut = (...rooms) => `^lib/(?!(${rooms.join("|")})(/|\\.ts$))`;

/** @type {import("dependency-cruiser").IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: "no-circles",
      comment: "Give what both files need, most often a type, a file below both.",
      severity: "error",
      from: { path: "^lib/" },
      to: { circular: true },
    },
    {
      name: "nothing-unused",
      comment: "A file that nothing imports does nothing: import it, or delete it.",
      severity: "error",
      from: {},
      module: {
        path: "^lib/",
        pathNot: "^lib/(index|(layers|testing)/index|prompt/(cli|hook)|worker/main)[.]m?ts$",
        numberOfDependentsLessThan: 1,
      },
    },
    {
      name: "traps-know-the-map-only",
      comment: "A facade works over any map: what it needs beyond SyncMap is in map/internals.ts.",
      severity: "error",
      from: { path: "^lib/facade/" },
      to: { path: allBut("facade", "map", ...common) },
    },
    {
      name: "a-bucket-knows-no-facade",
      comment: "Facades are over maps, not below them. What makes both is in entry/.",
      severity: "error",
      from: { path: "^lib/bucket/" },
      to: { path: allBut("bucket", "map", "bridge", ...common) },
    },
    {
      name: "layers-know-the-map-only",
      comment: "A layer stands over any map: what it needs beyond SyncMap is in map/internals.ts.",
      severity: "error",
      from: { path: "^lib/layers/" },
      to: { path: allBut("layers", "map", ...common) },
    },
    {
      name: "the-tests-of-maps-know-the-map-only",
      comment: "Whoever writes a map runs them: they know it by its methods.",
      severity: "error",
      from: { path: "^lib/testing/" },
      to: { path: "^lib/(?!testing/|map/sync-map)" },
    },
    {
      name: "the-contract-knows-no-bucket",
      comment: "What every map is does not depend on the S3 bucket, or on what is made of maps.",
      severity: "error",
      from: { path: "^lib/map/" },
      to: { path: allBut("map", "bridge/protocol", ...common) },
    },
    {
      name: "the-local-s3-knows-http-only",
      comment: "It answers requests as the SDK makes them.",
      severity: "error",
      from: { path: "^lib/local/" },
      to: { path: allBut("local") },
    },
    {
      name: "s3-operations-know-no-thread",
      comment: "Of the bridge they know what crosses it, and of the worker's threads and calls nothing.",
      severity: "error",
      from: { path: "^lib/worker/s3/" },
      to: {
        path: allBut(
          "worker/s3",
          "worker/(deadline|failure|late|operation-error)",
          "bridge/(protocol|operations)",
          "local",
          "build-stamp",
          ...common,
        ),
      },
    },
    {
      name: "the-calling-thread-does-no-workers-work",
      comment:
        "What the worker loads takes longer than many a program: the bridge starts it as a program of its own.",
      severity: "error",
      from: { path: "^lib/", pathNot: "^lib/(worker|local)/" },
      to: { path: "^lib/(worker|local)/" },
    },
    {
      name: "threads-are-the-bridges-affair",
      comment:
        "Only the two ends of the bridge know threads. prompt/hook.ts asks whether it was loaded by `-r` in the main one, and global/memory-directory.ts whether the process ends with this one.",
      severity: "error",
      from: {
        path: "^lib/",
        pathNot:
          "^lib/(bridge/|worker/(main|ends|message-loop)\\.ts$|prompt/hook\\.ts$|global/memory-directory\\.ts$)",
      },
      to: { path: "^(node:)?worker_threads$" },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    // Imports of types, too.
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
  },
};
