import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";

/**
 * Texts that are read as files. The SDK remembers what it read by the file's name, and so each text has a name of its own;
 * there can be no such file, for it would be below a file.
 */
class Texts {
  readonly #kept: Map<string, { text: string; users: number }> = new Map();

  keep(name: string, text: string): string {
    const digest = createHash("sha256").update(text).digest("hex").slice(0, 32);
    const file = path.join(__filename, `${name}-${digest}`);
    const kept = this.#kept.get(file) ?? { text, users: 0 };
    kept.users += 1;
    this.#kept.set(file, kept);
    return file;
  }

  release(file: string): void {
    const kept = this.#kept.get(file);
    if (kept !== undefined && --kept.users === 0) this.#kept.delete(file);
  }

  has(file: unknown): file is string {
    return typeof file === "string" && this.#kept.has(file);
  }

  /** A promise of the text that does not hold it: the SDK keeps, for each name, what it was given. */
  read(file: string): PromiseLike<string> {
    const read = (): Promise<string> => {
      const text = this.#kept.get(file)?.text;
      return text === undefined ? Promise.reject(new Error("the text was let go of")) : Promise.resolve(text);
    };
    return { then: (...callbacks) => read().then(...callbacks) };
  }
}

export const texts: Texts = new Texts();

/** To be called before the SDK is loaded: each of its packages then takes this function for itself. */
export function replaceReadFile(): void {
  const { readFile } = fs.promises;
  fs.promises.readFile = ((file: string, ...others: []) =>
    texts.has(file) ? texts.read(file) : readFile(file, ...others)) as typeof readFile;
}
