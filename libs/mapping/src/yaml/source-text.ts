import type { Position } from '../findings/finding.ts';

/** A line after the repair of a trap, and the indexes in it of the characters that were put in. */
export interface RepairedLine {
  readonly text: string;
  readonly inserted: readonly number[];
}

/**
 * The text of a mapping file, with places in it as its author sees them: a repair puts characters into a
 * line so that reading can go on, and positions leave those out again.
 */
export class SourceText {
  readonly text: string;
  readonly #starts: number[] = [0];
  readonly #inserted: ReadonlyMap<number, readonly number[]>;

  constructor(text: string, inserted: ReadonlyMap<number, readonly number[]> = new Map()) {
    this.text = text;
    this.#inserted = inserted;
    for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) this.#starts.push(at + 1);
  }

  get lines(): number {
    return this.#starts.length;
  }

  /** Index of the line that holds an offset, from 0. */
  lineAt(offset: number): number {
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  lineStart(line: number): number {
    return this.#starts[line] ?? this.text.length;
  }

  line(line: number): string {
    const end = line + 1 < this.#starts.length ? this.lineStart(line + 1) - 1 : this.text.length;
    return this.text.slice(this.lineStart(line), end).replace(/\r$/, '');
  }

  isRepaired(line: number): boolean {
    return this.#inserted.has(line);
  }

  position(offset: number): Position {
    const line = this.lineAt(Math.min(offset, this.text.length));
    const column = offset - this.lineStart(line);
    const before = (this.#inserted.get(line) ?? []).filter((index) => index < column).length;
    return { line: line + 1, column: column - before + 1 };
  }

  withLine(line: number, repaired: RepairedLine): SourceText {
    const start = this.lineStart(line);
    const end = start + this.line(line).length;
    const text = this.text.slice(0, start) + repaired.text + this.text.slice(end);
    return new SourceText(text, new Map(this.#inserted).set(line, repaired.inserted));
  }
}
