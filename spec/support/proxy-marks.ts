const marked = /\bProxy\(((?:[^()]|\([^()]*\))*)\)/g;

/** What Node before 26 prints: from Node 26 on, `inspect` and `console.log` mark every Proxy, as `Proxy({ … })`. */
export function withoutProxyMarks(printed: string): string {
  const text = printed.replace(marked, "$1");
  return text === printed ? text : withoutProxyMarks(text);
}
