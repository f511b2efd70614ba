import { asBytes, asCount, asKey, asSeconds } from "../../text/format.js";

/** How far a piece of work is. */
export interface Done {
  readonly verb: string;
  readonly where: string;
  readonly ms: number;
  readonly calls: number;
  readonly requests: number;
  readonly keys: number;
  /** Only those received if it reads. */
  readonly bytes: number;
  /** Whether anything of an answer has arrived. */
  readonly isAnswered: boolean;
  /** How many bytes the files have that it moves, if known. */
  readonly length: number;
}

/** A shorter beginning of a location says nothing. */
const MIN_PLACE = 10;

/** The line for a terminal, in one row of it: a wrapped line could not be erased. */
export function lineOf(done: Done, columns: number): string {
  const { verb } = done;
  const room = columns - 1;
  const where = asKey(done.where);
  const said = factsOf(done);
  for (;;) {
    const end = `: ${said.map(({ text }) => text).join(", ")}`;
    const left = room - verb.length - 1 - end.length;
    if (left >= MIN_PLACE || widthOf(where) <= left) return `${verb} ${fit(where, left)}${end}`;
    const least = said.reduce((one, other) => (other.weight < one.weight ? other : one));
    if (said.length === 1) return fit(`${verb}${end}`, room);
    if (least.weight > 0 && verb.length + end.length <= room) return `${verb}${end}`;
    said.splice(said.indexOf(least), 1);
  }
}

interface Fact {
  text: string;
  /** Those of the lowest weight are left out first where there is no room; those of 0 before the location is. */
  weight: number;
}

function factsOf({ verb, ms, calls, requests, keys, bytes, isAnswered, length }: Done): Fact[] {
  const said: Fact[] = [];
  const say = (text: string, weight: number): unknown => said.push({ text, weight });
  if (!isAnswered) say("no answer yet", 2);
  else if (verb === "listing") say(`${asCount(keys)} keys`, 2);
  else if (calls > 1 || requests > 1) say(`${asCount(requests)} requests`, 1);
  if (verb !== "listing" && bytes > 0) {
    say(asBytes(bytes) + (length > 0 ? ` of ${asBytes(length)}` : ""), 2);
    say(`${asBytes((bytes / ms) * 1000)}/s`, 0);
  }
  say(asSeconds(ms), 3);
  return said;
}

// East Asian characters and emoji fill two columns. Others are never taken for narrower than they are.
const widthOfOne = (character: string): number => (character > "\u10ff" ? 2 : 1);

function widthOf(text: string): number {
  let width = 0;
  for (const character of text) width += widthOfOne(character);
  return width;
}

function fit(text: string, columns: number): string {
  let fitting = "";
  let left = columns;
  for (const character of text) {
    left -= widthOfOne(character);
    if (left < 0) break;
    fitting += character;
  }
  return fitting;
}
