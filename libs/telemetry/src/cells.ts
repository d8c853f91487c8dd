/** A counter of one label combination: a plain number, read at scrape time. */
export class Counter {
  #value = 0;

  /** @param n how much to add; never negative */
  add(n = 1): void {
    this.#value += n;
  }

  get value(): number {
    return this.#value;
  }
}

/** A histogram of one label combination. */
export interface Histogram {
  /** @param value in the unit of the catalogue */
  record(value: number): void;
}

/** The cells of one metric, by label values. */
export class CellSet<C> {
  readonly #cells = new Map<string, { readonly labels: Record<string, string>; readonly cell: C }>();

  /** The cell of these labels, made by `create` the first time. */
  getOrCreate(labels: Record<string, string>, create: () => C): C {
    const key = keyOf(labels);
    const found = this.#cells.get(key);
    if (found) return found.cell;
    const cell = create();
    this.#cells.set(key, { labels, cell });
    return cell;
  }

  /** Puts a cell in the place of any other with these labels. The result takes it away again, and only it. */
  replace(labels: Record<string, string>, cell: C): Disposable {
    const key = keyOf(labels);
    const entry = { labels, cell };
    this.#cells.set(key, entry);
    return {
      [Symbol.dispose]: () => {
        if (this.#cells.get(key) === entry) this.#cells.delete(key);
      },
    };
  }

  values(): Iterable<{ readonly labels: Record<string, string>; readonly cell: C }> {
    return this.#cells.values();
  }
}

function keyOf(labels: Record<string, string>): string {
  return JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
}
