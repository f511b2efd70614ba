import * as library from "s3bucketmap";
import smoke from "./exercise.cjs";

smoke.exercise(library, "at the top level");
smoke.exerciseLater(library);
await undefined;
smoke.exercise(library, "after a top-level await");
