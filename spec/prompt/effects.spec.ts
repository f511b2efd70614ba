import { insideTry, isPlain } from "../../lib/prompt/effects.js";

describe("isPlain()", () => {
  it.each([
    "a",
    "a.b?.c",
    "a['b c'][0]",
    'a["f()"]',
    "a[`b`].c",
    "a[b.c]",
    "map.delete",
    "map . new",
    "'text'",
    "`text`",
    "[1, 2]",
    "newest.awaited",
    "ünï.$x",
  ])("takes %s", (code) => expect(isPlain(code)).toBe(true));

  it.each([
    "f()",
    "a.f().b",
    "a[f()]",
    "f``",
    "a[0]`x`",
    "a[`${f()}`]",
    "`${f()}`",
    "a = b",
    "a[b = 1]",
    "a[b++]",
    "a[--b]",
    "new Thing",
    "new[Thing][0]",
    "await a",
    "delete a.b",
    "delete [a][0].b",
    'delete"a"',
    "throw a",
    "a; b",
    "{ get a }",
    "'a' + b",
    "\\u0061",
    "a\nb",
    "'open f()",
  ])("refuses %s", (code) => expect(isPlain(code)).toBe(false));
});

describe("insideTry()", () => {
  it("gives what Node evaluates for a completion", () => {
    expect(insideTry("try { a.b } catch {}").trim()).toBe("a.b");
    expect(insideTry("try { a['}'] } catch {} ").trim()).toBe("a['}']");
    expect(insideTry("a.b")).toBe("a.b");
    expect(isPlain(insideTry("try { a } catch {} f(); try { b } catch {}"))).toBe(false);
  });
});
