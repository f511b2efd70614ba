/** What a request is signed with. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  /** The SDK's names of the ways by which it came to them; it tells them in its user agent. */
  readonly $source?: Readonly<Record<string, string | undefined>>;
}

/** The same, as the SDK's client has them. */
export interface Identity extends Credentials {
  readonly expiration?: Date;
}
