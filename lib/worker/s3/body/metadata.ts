/** What was stored beside an object, by its names without their prefix. */
export function metadataIn(headers: Record<string, string>): Record<string, string> {
  const prefix = "x-amz-meta-";
  // Without a prototype "__proto__" is a name like any other.
  const metadata = Object.create(null) as Record<string, string>;
  for (const name in headers) {
    if (name.startsWith(prefix)) metadata[name.slice(prefix.length)] = headers[name]!;
  }
  return metadata;
}
