import { spawnSync } from "node:child_process";
import path from "node:path";

const root = path.join(__dirname, "../..");

const sample = `\
bucketMap[testKey] = 'some value'
testKey in bucketMap = true
testKey2 in bucketMap = false
key = anotherTestKey
key = testKey
`;

const longer = `\
subMap.testKey = 'a value under a prefix'
bucketMap["subprefix/testKey"] = 'a value under a prefix'
bucketMap.testKey = undefined
delete bucketMap.notThere = true
bucketMap["Jesús"] = 'a value under a key with ú'
the value of a key of 780 bytes = 'a value under a long key'
overwritten, bucketMap.testKey = 'some other value'
4 keys:
  Jesús = 'a value under a key with ú'
  kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk… = 'a value under a long key'
  subprefix/testKey = 'a value under a prefix'
  testKey = 'some other value'
under "subprefix/": testKey
after deleting each: 0 keys
`;

const counter = `\
4 processes, 10 times each: counter = 40
first comers: 1
`;

const documents = `\
ann: Ann [new]
bob: Bob []
stored: {"name":"Bob","visits":7,"tags":[]}
Cannot set "visits" of a frozen value
ann: 2 visits [new,regular]
json cannot keep a Date, which would come back as a plain object or a string, at .born
eve in users = false
`;

const cached = `\
always: light, lately: light
always: dark, lately: light
always: blue, lately: blue, stored: "blue"
`;

const backup = `\
monday: { files: 2, stored: 2 }
tuesday: { files: 3, stored: 1 }
3 contents, from the files themselves
restored: notes/today.txt, picture.bin
as it was on monday: true
damaged on tuesday: 0
damaged on tuesday, after an accident: true
`;

const validated = `\
stored: {"name":"Ann","visits":0}, visits: 0
TypeError: validate: the value does not match the schema: at .visits
bob in users = false
Invalid, at visits
`;

/** The examples, with what they print. */
export const examples: [string, string][] = [
  ["sample.js", sample],
  ["longer.js", longer],
  ["counter.js", counter],
  ["documents.js", documents],
  ["cached.js", cached],
  ["backup.js", backup],
  ["validated.js", validated],
];

/** Runs an example as a user does. */
export function runExample(
  example: string,
  args: string[] = [],
  environment: NodeJS.ProcessEnv = {},
): { status: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [path.join(root, "examples", example), ...args],
    { encoding: "utf8", env: { ...process.env, ...environment }, timeout: 60_000 },
  );
  return { status, stdout, stderr };
}
