/** What a rename says if it has made its copy, but not deleted the source. `isThere`: the source was not deleted. */
export function copiedOnly(what: string, to: string, isThere: boolean): string {
  const source = isThere ? "the source is still there" : "the source may still be there";
  return `${what} was copied to ${JSON.stringify(to)}, but ${source}`;
}
