/* eslint-disable @typescript-eslint/no-unsafe-assignment, @typescript-eslint/no-unsafe-member-access, @typescript-eslint/no-unsafe-return, @typescript-eslint/no-unsafe-call -- documents of every shape */
import { asMap, asObject, batch, S3BucketMap } from "../../lib/index.js";
import type { BucketObject } from "../../lib/index.js";
import { json, live } from "../../lib/layers/index.js";
import { startHttpS3 } from "../support/http-s3.js";
import type { HttpS3 } from "../support/http-s3.js";
import { thrownBy } from "../support/local-maps.js";

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- as above
type Any = any;

let server: HttpS3;
beforeAll(async () => {
  server = await startHttpS3();
});
afterAll(() => server.close());
afterEach(() => server.clearFaults());

const changed = expect.objectContaining({ code: "DocumentChanged" }) as Error;
let places = 0;
let strings: S3BucketMap;
let documents: BucketObject<Any>;
const stored = (): unknown => JSON.parse(strings.get("a")!);

beforeEach(() => {
  const credentials = { accessKeyId: "key", secretAccessKey: "secret" };
  const prefix = `${places++}/`;
  strings = new S3BucketMap("bucket", { endpoint: server.endpoint, credentials, prefix, wait: "deasync" });
  documents = asObject(live(json<Any>(strings)));
  asMap(documents).create("a", { n: 1, list: ["a"] });
});

/** Runs a callback while the next request of this kind is waited for. */
function during(operation: "HEAD" | "PUT", callback: () => void, run: () => void): void {
  let hasRun = false;
  server.fault({ operation, action: { delayMs: 300 }, times: 1 });
  setTimeout(() => {
    callback();
    hasRun = true;
  }, 0);
  run();
  expect(hasRun).toBe(true);
}

describe("a callback during a deasync wait of a batch", () => {
  it("sees and edits what is stored, and both are kept", () => {
    const d = documents["a"];
    const unrelated = documents["a"];
    const callback = (): void => {
      expect(documents["a"]).toEqual({ n: 1, list: ["a"] });
      documents["a"].list.push("callback");
      expect(stored()).toEqual({ n: 1, list: ["a", "callback"] });
      unrelated.more = 1;
      documents["b"] = { n: 5 };
    };
    during("HEAD", callback, () =>
      batch(documents, () => {
        d.n = 2;
        d.list.push("batch");
        expect("missing" in documents).toBe(false);
      }),
    );
    expect(stored()).toEqual({ n: 2, list: ["a", "callback", "batch"], more: 1 });
    expect(d).toEqual(stored());
    expect(strings.get("b")).toBe('{"n":5}');
  });

  it("may not edit a document that shows the batch's edits, neither before they are stored nor meanwhile", () => {
    const d = documents["a"];
    const refused: unknown[] = [];
    const callback = (): void => void refused.push(thrownBy(() => d.list.push("callback")));
    during("HEAD", callback, () =>
      batch(documents, () => {
        d.n = 2;
        expect("missing" in documents).toBe(false);
      }),
    );
    during("PUT", callback, () => batch(documents, () => (d.n = 3)));
    expect(refused).toEqual([changed, changed]);
    expect((refused[0] as Error).message).toMatch(/edits of a batch that this callback is not part of/);
    d.list.push("b");
    expect(stored()).toEqual({ n: 3, list: ["a", "b"] });
  });

  it("does not end the batch: what it has edited is stored or fails as a whole", () => {
    const d = documents["a"];
    expect(d.n).toBe(1);
    const callback = (): void => {
      documents["a"].list.push("callback");
      expect([...asMap(documents).keys()]).toEqual(["a"]);
      expect([...asMap(documents).list()].length).toBe(1);
      documents["a"].n = 9;
    };
    let error: Any;
    during("HEAD", callback, () => {
      error = thrownBy(() =>
        batch(documents, () => {
          d.list.push("batch");
          expect("missing" in documents).toBe(false);
          d.n = 2;
        }),
      );
    });
    expect(error).toMatchObject({ code: "PartialFailure", succeeded: [] });
    expect(error.failed.get("a")).toEqual(changed);
    expect(stored()).toEqual({ n: 9, list: ["a", "callback"] });
  });

  it("may have a batch of its own, of the same key", () => {
    const d = documents["a"];
    const callback = (): void => {
      batch(documents, () => {
        documents["a"].list.push("inner 1");
        documents["a"].list.push("inner 2");
      });
      expect(stored()).toEqual({ n: 1, list: ["a", "inner 1", "inner 2"] });
    };
    during("HEAD", callback, () =>
      batch(documents, () => {
        d.n = 2;
        expect("missing" in documents).toBe(false);
        d.list.push("outer");
      }),
    );
    expect(stored()).toEqual({ n: 2, list: ["a", "inner 1", "inner 2", "outer"] });
  });
});

describe("a callback during a deasync wait of an edit", () => {
  it("may edit the document that is being stored", () => {
    const d = documents["a"];
    during(
      "PUT",
      () => d.list.push("callback"),
      () => d.list.push("b"),
    );
    expect([...d.list].sort()).toEqual(["a", "b", "callback"]);
    d.n = 5;
    expect(stored()).toEqual({ n: 5, list: d.list });
  });

  it("may edit while update waits, and not while its function runs", () => {
    const d = documents["a"];
    during(
      "PUT",
      () => (d.more = 1),
      () => asMap(documents).update("a", (value: Any) => ({ ...value, n: value.n + 1 })),
    );
    expect(stored()).toEqual({ n: 2, list: ["a"], more: 1 });
  });
});
