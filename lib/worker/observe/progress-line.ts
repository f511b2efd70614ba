import { asBytes, asCount, asName, asSeconds } from "../../text/format.js";

/** How far a piece of work has got. */
export interface Done {
  readonly verb: string;
  readonly where: string;
  readonly ms: number;
  readonly calls: number;
  readonly requests: number;
  readonly keys: number;
  /** For work that reads, only the bytes received. */
  readonly bytes: number;
  /** Whether any part of a response has arrived. */
  readonly isAnswered: boolean;
  /** The total size of the files that it transfers, in bytes; 0 if unknown. */
  readonly length: number;
}

/** A location that is cut to fewer characters would not be recognisable. */
const MIN_PLACE = 10;

/** The line for a terminal. It fits in one row, because a wrapped line could not be erased. */
export function lineOf(done: Done, columns: number): string {
  const { verb } = done;
  const room = columns - 1;
  const where = asName(done.where);
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
  /**
   * If there is no room, facts of the lowest weight are left out first. Facts of weight 0 are left out before the
   * location.
   */
  weight: number;
}

function factsOf({ verb, ms, calls, requests, keys, bytes, isAnswered, length }: Done): Fact[] {
  const said: Fact[] = [];
  const say = (text: string, weight: number): unknown => said.push({ text, weight });
  if (!isAnswered) say("no response yet", 2);
  else if (verb === "listing") say(`${asCount(keys)} keys`, 2);
  else if (calls > 1 || requests > 1) say(`${asCount(requests)} requests`, 1);
  if (verb !== "listing" && bytes > 0) {
    say(asBytes(bytes) + (length > 0 ? ` of ${asBytes(length)}` : ""), 2);
    say(`${asBytes((bytes / ms) * 1000)}/s`, 0);
  }
  say(asSeconds(ms), 3);
  return said;
}

// East Asian characters and emoji fill two columns. No character is counted as narrower than it is.
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
