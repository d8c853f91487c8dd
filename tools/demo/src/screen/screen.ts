import { frame, summary } from './frame.ts';
import type { View } from './view.ts';

/** What the screen needs of standard output. */
export interface Output {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  write(text: string): unknown;
}

const FRAME_MS = 250;
const LINE_MS = 3_000;
const DEFAULT_COLUMNS = 80;
const DEFAULT_ROWS = 24;

/** Shows a view again and again: in place on a terminal, as a line every few seconds elsewhere. */
export class Screen implements Disposable {
  readonly #output: Output;
  readonly #view: () => View;
  readonly #timer: NodeJS.Timeout;
  /** Lines of the view that stand above the cursor. */
  #shown = 0;

  constructor(output: Output, view: () => View) {
    this.#output = output;
    this.#view = view;
    this.#timer = setInterval(() => this.#show(), output.isTTY ? FRAME_MS : LINE_MS);
    this.#show();
  }

  /** Something that happened: stays above the view. */
  say(line: string): void {
    this.#output.write(`${this.#back()}${line}\n`);
    this.#shown = 0;
    if (this.#output.isTTY) this.#show();
  }

  /** Leaves the last view where it is. */
  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#show();
  }

  #show(): void {
    const { isTTY, columns = DEFAULT_COLUMNS, rows = DEFAULT_ROWS } = this.#output;
    if (!isTTY) {
      this.#output.write(`${summary(this.#view())}\n`);
      return;
    }
    // The last column is left free, where terminals wrap; what does not fit below is not shown, or it would scroll.
    const lines = frame(this.#view(), columns - 1).slice(0, Math.max(1, rows - 1));
    this.#output.write(`${this.#back()}${lines.join('\n')}\n`);
    this.#shown = lines.length;
  }

  /** To the first line of the view, all of it erased. */
  #back(): string {
    return this.#shown === 0 ? '' : `\x1b[${this.#shown}A\x1b[J`;
  }
}
