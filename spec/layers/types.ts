import * as z from "zod";
import { asMap, asObject, S3BucketMap } from "../../lib/index.js";
import type { BucketObject, ReadAs, S3BucketOptions, SyncMap } from "../../lib/index.js";
import { cache, edit, json, live, structured, validate } from "../../lib/layers/index.js";

// Type tests, as in spec/types.ts: nothing here runs.

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
declare function is<Expected>(): <Actual>(value: Actual, same: Same<Actual, Expected>) => void;

interface User {
  name: string;
  visits: number;
  tags: string[];
}

export function values(): void {
  const map = new S3BucketMap("bucket");
  is<SyncMap<User>>()(json<User>(map), true);
  is<BucketObject<User, SyncMap<User>>>()(asObject(json<User>(map)), true);
  is<SyncMap<User>>()(structured<User>(map.as("bytes")), true);
  is<SyncMap<unknown>>()(structured(map.as("bytes")), true);
  is<SyncMap<User>>()(live(json<User>(map)), true);
  // Nothing is inferred from where a map goes.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- as of JSON.parse
  is<SyncMap<any>>()(json(map), true);
  const users: SyncMap<User> = json(map); // eslint-disable-line @typescript-eslint/no-unsafe-assignment -- likewise
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- likewise
  is<any>()(asObject(json(map))["ann"], true);
  is<User | undefined>()(asObject(users)["ann"], true);
  const settings = (options: S3BucketOptions = {}): SyncMap<number> =>
    json<number>(new S3BucketMap("bucket", options).subMap("settings/"));
  const either = (readAs: ReadAs): SyncMap<number> => json<number>(new S3BucketMap("bucket", { readAs }));
  const typed = <T>(base: S3BucketMap): SyncMap<T> => json<T>(cache(base));
  is<SyncMap<User>>()(typed<User>(map), true);
  void [settings, either];
  // @ts-expect-error -- it gives users
  json(users);
  for (const [key, user] of asMap(asObject(users)).entries()) {
    is<string>()(key, true);
    is<User>()(user, true);
  }
}

export function edited(): void {
  const users = json<User>(new S3BucketMap("bucket"));
  const fresh = (): User => ({ name: "", visits: 0, tags: [] });
  is<User | undefined>()(
    edit(users, "ann", (user) => {
      is<User | undefined>()(user, true);
      user?.tags.push("new");
    }),
    true,
  );
  edit(asObject(users), "ann", (user) => void user?.tags.push("new"));
  edit(users, "ann", (user = fresh()) => {
    user.visits += 1;
    return user;
  });
  edit(users, "ann", (user) => user);
  edit(users, "ann", () => {});
  // @ts-expect-error -- there may be no such key
  edit(users, "ann", (user) => void user.tags);
  // @ts-expect-error -- likewise
  edit(users, "ann", (user: User) => void user.tags);
  // @ts-expect-error -- for a missing key, the new length would be stored
  edit(users, "ann", (user = fresh()) => user.tags.push("new"));
  // @ts-expect-error -- no promise
  edit(users, "ann", (user) => Promise.resolve(user));

  const counters = json<number>(new S3BucketMap("bucket"));
  is<number | undefined>()(
    edit(counters, "n", (n = 0) => n + 1),
    true,
  );
  edit(counters, "n", () => undefined);
  // @ts-expect-error -- nothing would be stored
  edit(counters, "n", () => {});
  // @ts-expect-error -- no number
  edit(counters, "n", (n = 0) => `${n + 1}`);
  // @ts-expect-error -- no promise
  edit(counters, "n", (n = 0) => Promise.resolve(n + 1));
  edit(new S3BucketMap("bucket"), "text", (text = "") => `${text}!`);
  edit(asMap(asObject(users)), "ann", (user) => void user);

  const anything = json(new S3BucketMap("bucket"));
  edit(anything, "ann", () => {});
  edit(anything, "ann", (n: number = 0) => n + 1);
  edit(anything, "ann", () => fresh());
  edit(anything, "ann", () => [1]);
  // @ts-expect-error -- no promise
  edit(anything, "ann", async () => {});
  const unknowns = structured(new S3BucketMap("bucket", { readAs: "bytes" }));
  edit(unknowns, "at", (at = new Date()) => at as Date);
  // @ts-expect-error -- no promise
  edit(unknowns, "at", () => Promise.resolve(1));

  const append = <T>(map: SyncMap<T[]>, key: string, element: T): T[] | undefined =>
    edit(map, key, (list = []) => {
      list.push(element);
      return list;
    });
  void append;
}

export function validated(): void {
  const schema = z.object({ name: z.string(), visits: z.number().default(0) });
  const users = validate(json(new S3BucketMap("bucket")), schema);
  users.set("ann", { name: "Ann" });
}
