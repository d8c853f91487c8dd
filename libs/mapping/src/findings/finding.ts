import { findingTable, type FindingCode, type Severity } from './finding-table.ts';

/** A place in the mapping file. Line and column count from 1, the column in UTF-16 units as editors do. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** One thing about a mapping file that its author should change (error) or look at (warning). */
export interface Finding extends Position {
  readonly severity: Severity;
  /** Stable; documented in docs/mapping.md. */
  readonly code: FindingCode;
  /** Where in the document, as `routes[0].to.key`. Empty for the file itself. */
  readonly path: string;
  readonly message: string;
  /** What to write instead, ready to be copied where that is possible. */
  readonly suggestion: string;
}

/** Gathers the findings of one compilation. */
export class Findings {
  readonly #found: Finding[] = [];

  report(code: FindingCode, at: Position, path: string, message: string, suggestion: string): void {
    const { severity } = findingTable[code];
    this.#found.push({ severity, line: at.line, column: at.column, code, path, message, suggestion });
  }

  get errors(): number {
    return this.#found.filter((finding) => finding.severity === 'error').length;
  }

  /** In the order of the file. */
  sorted(): Finding[] {
    return this.#found.toSorted((a, b) => a.line - b.line || a.column - b.column);
  }
}
