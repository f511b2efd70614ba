/** From an input's member to the header that carries it. */
export type HeaderNames = Readonly<Record<string, string>>;

/**
 * The headers for an input's members, or undefined where one of them has none, or where a value is not of the plain
 * kind that every server and signature understands alike.
 *
 * @param elsewhere - the members that are not sent as headers
 */
export function plainHeaders(
  input: object,
  names: HeaderNames,
  elsewhere: ReadonlySet<string>,
): Record<string, string> | undefined {
  const headers: Record<string, string> = {};
  for (const [member, value] of Object.entries(input)) {
    if (value === undefined || elsewhere.has(member)) continue;
    const name = names[member];
    if (name === undefined || !isPlain(value)) return undefined;
    headers[name] = value;
  }
  return headers;
}

/** Whether it is visible ASCII, with no more than single spaces within. */
export function isPlain(value: unknown): value is string {
  return typeof value === "string" && /^[!-~]+(?: [!-~]+)*$/.test(value);
}
