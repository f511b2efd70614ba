import { accessAtEnd, argumentAtEnd, wordAtEnd, wordsOf } from "../../lib/prompt/line.js";
import { asName, asLiteral, printable } from "../../lib/text/format.js";

describe("accessAtEnd()", () => {
  it.each([
    ["bucket.", "bucket", ".", undefined, ""],
    ["bucket.te", "bucket", ".", undefined, "te"],
    ["x = a.b.te", "a.b", ".", undefined, "te"],
    ["bucket?.te", "bucket", "?.", undefined, "te"],
    ['bucket["a b/', "bucket", ".", '"', "a b/"],
    ["bucket?.['it\\'s", "bucket", "?.", "'", "it's"],
    ["bucket[ `\\u00e9\\x41\\u{1F600}\\n", "bucket", ".", "`", "éA😀\n"],
    ["f(bucket.te", "bucket", ".", undefined, "te"],
    ["ünï.$x", "ünï", ".", undefined, "$x"],
    ["bucket.a.te", "bucket.a", ".", undefined, "te"],
    ['bucket["it\'s-a/b"].te', 'bucket["it\'s-a/b"]', ".", undefined, "te"],
    ["a['f()']?.[0][ `b` ]?.te", "a['f()']?.[0][ `b` ]", "?.", undefined, "te"],
    ['a["\\"]"][b]["te', 'a["\\"]"][b]', ".", '"', "te"],
    ["'x'.te", "'x'", ".", undefined, "te"],
    ["delete a.b.te", "a.b", ".", undefined, "te"],
  ])("reads %s", (line, object, chain, quote, partial) => {
    expect(accessAtEnd(line)).toMatchObject({
      object,
      chain,
      partial,
      ...(quote === undefined ? {} : { quote }),
    });
  });

  it.each([
    "",
    "bucket",
    "f().te",
    "a.f().b.te",
    "a[f()].te",
    "f``.te",
    "a[0]`x`.te",
    "a[`${f()}`].te",
    "`${f()}`.te",
    "a[b = 1].te",
    "a[b++].te",
    "a[--b].te",
    "[f()][0].te",
    "(a).te",
    "bucket.te ",
    'bucket["closed"]',
    "1.te",
  ])("finds no property of plain members in %j", (line) => expect(accessAtEnd(line)).toBeUndefined());
});

describe("argumentAtEnd()", () => {
  it.each([
    ['map.get("to', "map", '"', "to", '"to'],
    ["map.subMap('20", "map", "'", "20", "'20"],
    ["x = a.map.delete( `a\\u0020b", "a.map", "`", "a b", "`a\\u0020b"],
    ['map?.set("it\\"s', "map", '"', 'it"s', '"it\\"s'],
    ['maps["a-b"].get("to', 'maps["a-b"]', '"', "to", '"to'],
  ])("reads %s", (line, object, quote, partial, typed) => {
    expect(argumentAtEnd(line)).toEqual({ object, quote, partial, typed });
  });

  it.each([
    'map.get("closed"',
    "map.get(to",
    'get("to',
    'map.close("to',
    'map.set("key", "val',
    'f().get("to',
  ])("finds none in %j", (line) => expect(argumentAtEnd(line)).toBeUndefined());
});

describe("wordAtEnd()", () => {
  it.each([
    [".ls 20", "20", undefined],
    [".get ", "", undefined],
    ['.head "a b/', "a b/", '"'],
    ['.head "it\\"s', 'it"s', '"'],
    [".get 'a b", "a b", "'"],
    [".get it's", "it's", undefined],
    ['  .put "my file" to', "to", undefined],
    ['.put "my \\"file\\"" \'to', "to", "'"],
    [".url key", "key", undefined],
  ])("reads %s", (line, partial, quote) => {
    expect(wordAtEnd(line)).toEqual({ partial, quote, typed: expect.any(String) as string });
  });

  it.each([".ls", ".put file", ".get key file", '.get "closed"', ".load fi", "x.ls to"])(
    "finds none in %j",
    (line) => expect(wordAtEnd(line)).toBeUndefined(),
  );
});

describe("wordsOf()", () => {
  it.each([
    ["", []],
    [" one  two ", ["one", "two"]],
    [`"a b" 'c "d"' e`, ["a b", 'c "d"', "e"]],
    [`"\\n\\"\\u00e9\\x41\\'" ""`, ["\n\"éA'", ""]],
    ["it's", ["it's"]],
  ])("splits %j", (text, words) => expect(wordsOf(text)).toEqual(words));

  it.each([
    [`one "open two`, 'The quote is not closed: "open two'],
    [`"open\\"`, `The quote is not closed: "open\\"`],
    [`'open`, "The quote is not closed: 'open"],
    [`"a"b`, 'After a closing quote comes a space: "a"b'],
  ])("refuses %s", (text, says) => {
    expect(() => wordsOf(text)).toThrow(new SyntaxError(says));
  });
});

describe("asLiteral()", () => {
  it.each(['"', "'", "`"] as const)("gives a string that reads as it was, in %s", (quote) => {
    for (const text of ["", "plain", "\"'`${x}\\", "\0\x1b\x7f\x9b\u2028\u202e\ud800", "é😀\n"]) {
      const literal = asLiteral(text, quote);
      // eslint-disable-next-line @typescript-eslint/no-implied-eval -- it is meant to be read as JavaScript
      expect((new Function(`return ${literal}`) as () => string)()).toBe(text);
      expect(printable(literal)).toBe(literal);
    }
  });
});

describe("asName()", () => {
  it("leaves a key as it is unless it could be mistaken", () => {
    expect(["a b/c", "é", "%2F"].map(asName)).toEqual(["a b/c", "é", "%2F"]);
    expect(["", " a", "a ", '"a"', "a\\n", "a\n"].map(asName)).toEqual([
      '""',
      '" a"',
      '"a "',
      String.raw`"\"a\""`,
      String.raw`"a\\n"`,
      String.raw`"a\n"`,
    ]);
  });
});
