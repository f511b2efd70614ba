import type { Call } from "./protocol.js";

/** What crosses to the worker with a call instead of being copied. */
export function transferred(call: Call): ArrayBuffer[] {
  const bodies =
    call.op === "set" || call.op === "store"
      ? [call.body]
      : call.op === "setMany"
        ? call.objects.map(({ body }) => body)
        : [];
  return bodies.flatMap((body) => (typeof body === "string" ? [] : [body.buffer as ArrayBuffer]));
}
