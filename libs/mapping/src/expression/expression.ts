import { EvaluationError, type ParseResult } from '@marcbachmann/cel-js';
import { MappingFailure } from '../mapping-failure.ts';
import type { Dependence } from './variables.ts';

/** Values of the names of one route for one message. Captures are own properties, the rest is inherited. */
export type Bindings = Readonly<Record<string, unknown>>;

/** A compiled CEL expression. */
export class Expression {
  readonly source: string;
  readonly dependsOn: Dependence;
  /** The type CEL inferred, `dyn` if it depends on the payload. */
  readonly type: string;
  /** The variables and captures it names. */
  readonly uses: readonly string[];
  readonly #run: ParseResult;

  constructor(
    source: string,
    uses: readonly string[],
    dependsOn: Dependence,
    type: string,
    run: ParseResult,
  ) {
    this.source = source;
    this.uses = uses;
    this.dependsOn = dependsOn;
    this.type = type;
    this.#run = run;
  }

  /** @throws MappingFailure if there is no result. */
  evaluate(bindings: Bindings): unknown {
    try {
      const result: unknown = this.#run(bindings);
      return result;
    } catch (error) {
      if (error instanceof MappingFailure) throw error;
      // Besides CEL's own errors: a stack overflow on deeply nested JSON, or a payload that imitates a class.
      const reason = error instanceof EvaluationError ? error.summary : String(error);
      throw new MappingFailure('expression-failed', `${reason} (${this.source})`, { cause: error });
    }
  }
}
