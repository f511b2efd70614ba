/** What a terminal would show: as much of one as Node's prompt makes use of. Lines that scrolled away are kept. */
export class Screen {
  readonly #columns: number;
  readonly #lines: string[][] = [[]];
  #row = 0;
  #column = 0;
  #unread = "";

  constructor(columns: number) {
    this.#columns = columns;
  }

  /** The lines, without the blanks at their ends. */
  get lines(): string[] {
    return this.#lines.map((line) =>
      Array.from(line, (cell) => cell ?? " ")
        .join("")
        .trimEnd(),
    );
  }

  get row(): number {
    return this.#row;
  }

  /** The line with the cursor, as far as to the cursor. */
  get atCursor(): string {
    const line = this.#lines[this.#row] ?? [];
    return Array.from({ length: this.#column }, (_, at) => line[at] ?? " ").join("");
  }

  write(text: string): void {
    this.#unread += text;
    // eslint-disable-next-line no-control-regex -- it is what a terminal obeys
    const token = /\x1b\[([?\d;]*)([A-Za-z])|\x1b[^[]|\x1b\[?[?\d;]*$|[\s\S]/uy;
    for (;;) {
      const match = token.exec(this.#unread);
      if (match === null) break;
      const [all, parameters, final] = match;
      if (all.startsWith("\x1b") && token.lastIndex === this.#unread.length && final === undefined) {
        this.#unread = all; // The rest of it is still to come.
        return;
      }
      if (final !== undefined)
        this.#obey(final, Number(parameters || (final === "J" || final === "K" ? 0 : 1)));
      else if (!all.startsWith("\x1b")) this.#put(all);
    }
    this.#unread = "";
  }

  #put(character: string): void {
    if (character === "\r") this.#column = 0;
    else if (character === "\n") this.#moveTo(this.#row + 1);
    else if (character === "\b") this.#column = Math.max(0, this.#column - 1);
    else if (character >= " ") {
      if (this.#column === this.#columns) {
        this.#column = 0;
        this.#moveTo(this.#row + 1);
      }
      this.#line[this.#column] = character;
      this.#column += 1;
    }
  }

  #obey(final: string, count: number): void {
    if (final === "A") this.#moveTo(Math.max(0, this.#row - count));
    else if (final === "B") this.#moveTo(this.#row + count);
    else if (final === "C") this.#column = Math.min(this.#columns - 1, this.#column + count);
    else if (final === "D") this.#column = Math.max(0, this.#column - count);
    else if (final === "G") this.#column = count - 1;
    else if (final === "K" && count === 0) this.#line.length = Math.min(this.#line.length, this.#column);
    else if (final === "K" && count === 1) this.#line.fill(" ", 0, this.#column + 1);
    else if (final === "K") this.#line.length = 0;
    else if (final === "J" && count === 0) {
      this.#line.length = Math.min(this.#line.length, this.#column);
      this.#lines.length = this.#row + 1;
    }
  }

  get #line(): string[] {
    return (this.#lines[this.#row] ??= []);
  }

  #moveTo(row: number): void {
    this.#row = row;
    while (this.#lines.length <= row) this.#lines.push([]);
  }
}
