import { asObject, S3BucketMap } from "../lib/index.js";
import { startOddService } from "./support/odd-service.js";
import type { OddBucket, OddService } from "./support/odd-service.js";

// How a service says whether there are more keys, and what it leaves out without a word. Each page is read past the SDK
// where it is encoded, and by the SDK where it is not.

jest.setTimeout(60_000);

const letters = ["x/a", "x/b", "x/c", "x/d", "x/e"];
const names = ["a", "b", "c", "d", "e"];
const TRUE = "<IsTruncated>true</IsTruncated>";
const FALSE = "<IsTruncated>false</IsTruncated>";

let service: OddService;
let bucket: OddBucket;
beforeAll(async () => {
  service = await startOddService();
});
afterAll(() => service.end());

describe.each([
  ["atomics", "none"],
  ["deasync", "none"],
  ["atomics", "does not encode"],
] as const)("listings with wait %s, of a service with this oddity: %s", (wait, oddity) => {
  async function mapOver(
    rewrite: [string, string],
    { keys = letters, pageSize = 2, from = 0 } = {},
  ): Promise<S3BucketMap> {
    bucket = await service.bucket({ keys, oddity, pageSize, from, rewrite });
    const credentials = { accessKeyId: "key", secretAccessKey: "secret" };
    const { endpoint } = bucket;
    return new S3BucketMap(bucket.name, { endpoint, region: "us-east-1", credentials, wait, prefix: "x/" });
  }

  /** What each way to list gives, or the code of its error. */
  function outcomes(map: S3BucketMap): unknown[] {
    const ways = [
      () => [...map.keys()],
      () => Array.from(map.list(), ({ key }) => key),
      () => Object.keys(asObject(map)),
      () => Array.from(map.entries(), ([key]) => key),
      () => Array.from({ length: map.size }, (_, at) => names[at]),
    ];
    return ways.map((way) => {
      try {
        return way();
      } catch (error) {
        return (error as { code?: string }).code ?? error;
      }
    });
  }
  const each = (outcome: unknown): unknown[] => Array.from({ length: 5 }, () => outcome);

  it.each(["1", "True", "TRUE", " true ", "\n1\n", "true</IsTruncated ><!---->"])(
    "go on where IsTruncated is %j",
    async (word) => {
      const written = word.includes("<") ? `<IsTruncated>${word}` : `<IsTruncated>${word}</IsTruncated>`;
      expect(outcomes(await mapOver([TRUE, written]))).toEqual(each(names));
    },
  );

  it.each(["0", "False", " false "])("end where IsTruncated is %j", async (word) => {
    const map = await mapOver([FALSE, `<IsTruncated>${word}</IsTruncated>`]);
    expect(outcomes(map)).toEqual(each(names));
  });

  it.each([
    "<IsTruncated/>",
    "<IsTruncated></IsTruncated>",
    "<IsTruncated>yes</IsTruncated>",
    "<IsTruncated>2</IsTruncated>",
    "<IsTruncated><![CDATA[maybe]]></IsTruncated>",
    '<IsTruncated type="boolean">y</IsTruncated>',
  ])("throw BadListing for %s", async (written) => {
    expect(outcomes(await mapOver([TRUE, written]))).toEqual(each("BadListing"));
  });

  it.each(["", `${FALSE}${TRUE}`, `${TRUE}${FALSE}`, "<isTruncated>true</isTruncated>"])(
    "throw BadAnswer where an answer has no IsTruncated, or two: %s",
    async (written) => {
      expect(outcomes(await mapOver([TRUE, written]))).toEqual(each("BadAnswer"));
    },
  );

  it("go on where a page says that it is the last, and gives a token", async () => {
    expect(outcomes(await mapOver([TRUE, FALSE]))).toEqual(each(names));
  });

  it("end where the last page gives a token, too, at the price of one page", async () => {
    for (const token of ["5", "5 again"]) {
      const map = await mapOver([FALSE, `${FALSE}<NextContinuationToken>${token}</NextContinuationToken>`]);
      expect([...map.keys()]).toEqual(names);
      expect((await bucket.log()).length).toBeLessThanOrEqual(5);
      expect(outcomes(map)).toEqual(each(names));
    }
  });

  it("end where each page gives a new token, and none is said to be followed by another", async () => {
    const map = await mapOver([FALSE, `${FALSE}<NextContinuationToken>9</NextContinuationToken>`], {
      keys: [],
    });
    expect(outcomes(map)).toEqual(each([]));
    expect((await bucket.log()).length).toBeLessThanOrEqual(10);
  });

  it("go on after a page without keys that says it is the last, and gives a token", async () => {
    const token = (at: string): string => `<NextContinuationToken>${at}</NextContinuationToken>`;
    const map = await mapOver([`${TRUE}${token("2")}<Contents>.*</Contents>`, `${FALSE}${token("1")}`]);
    expect([...map.keys()]).toEqual(names.slice(1));
    expect(map.size).toBe(4);
    expect(Array.from(map.list(), ({ key }) => key)).toEqual(names.slice(1));
  });

  it.each([
    [
      "beside keys",
      "</ListBucketResult>",
      "<CommonPrefixes><Prefix>x/f/</Prefix></CommonPrefixes></ListBucketResult>",
    ],
    ["in place of keys", "<Contents>.*</Contents>", "<CommonPrefixes><Prefix>x/b/</Prefix></CommonPrefixes>"],
  ])("throw BadListing for folders that nobody asked for, %s", async (_where, pattern, written) => {
    const map = await mapOver([pattern, written]);
    expect(outcomes(map)).toEqual(each("BadListing"));
    expect(() => map.clear()).toThrow(expect.objectContaining({ code: "BadListing" }) as Error);
    expect(await bucket.keys()).toEqual(letters);
  });

  it("take an element without a folder in it for none", async () => {
    const map = await mapOver([
      "</ListBucketResult>",
      "<CommonPrefixes></CommonPrefixes></ListBucketResult>",
    ]);
    expect(outcomes(map)).toEqual(each(names));
  });

  it.each(["<Contents><Size>1</Size></Contents>", "<Contents/>", "<Contents></Contents>"])(
    "throw BadListing for an object without a key: %s",
    async (written) => {
      const map = await mapOver(["</ListBucketResult>", `${written}</ListBucketResult>`]);
      const thrown = outcomes(map);
      // list() misses the ETag first.
      expect(thrown[1]).toMatch(/^Bad(?:Listing|Answer)$/);
      expect([...thrown.slice(0, 1), ...thrown.slice(2)]).toEqual(each("BadListing").slice(1));
    },
  );

  it.each(["y/", "x/a/", "X/"])("throw BadListing for the listing of another prefix, %s", async (prefix) => {
    const map = await mapOver([
      `${TRUE}.*</ListBucketResult>`,
      `${FALSE}<Prefix>${prefix}</Prefix></ListBucketResult>`,
    ]);
    expect(outcomes(map)).toEqual(each("BadListing"));
  });

  it.each(["x/", "x%2F", "", "x", "%78/", "\u00fc/"])(
    "take %j for the prefix that was asked for",
    async (prefix) => {
      const map = await mapOver(["</ListBucketResult>", `<Prefix>${prefix}</Prefix></ListBucketResult>`]);
      expect(outcomes(map)).toEqual(each(names));
    },
  );

  it.each(["ListVersionsResult", "ListMultipartUploadsResult", "ListAllMyBucketsResult"])(
    "throw BadAnswer for a list of something else, a %s",
    async (root) => {
      const map = await mapOver([
        "^<ListBucketResult>.*$",
        `<${root}>${FALSE}<EncodingType>url</EncodingType></${root}>`,
      ]);
      expect(outcomes(map)).toEqual(each("BadAnswer"));
    },
  );

  it.each(["0", "1", "5", "50493", "x"])("do not depend on a KeyCount of %s", async (count) => {
    const map = await mapOver(["</ListBucketResult>", `<KeyCount>${count}</KeyCount></ListBucketResult>`]);
    expect(outcomes(map)).toEqual(each(names));
  });
});
