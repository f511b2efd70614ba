import type { CopyObjectCommand } from "@aws-sdk/client-s3";

/**
 * Sends the header Expires as it was stored. The SDK accepts only a Date, but the stored value need not be a date. Only
 * copies and updates keep what another program stored. No option of `set` makes this header.
 */
export function withExpires(
  { middlewareStack }: { readonly middlewareStack: object },
  expires: string | undefined,
): void {
  if (expires === undefined || expires === "") return;
  (middlewareStack as CopyObjectCommand["middlewareStack"]).add(
    (next) => (args) => {
      (args.request as { headers: Record<string, string> }).headers["expires"] = expires;
      return next(args);
    },
    { step: "build", name: "s3bucketmapExpires" },
  );
}
