import type { Bindings, Expression } from '../expression/expression.ts';
import type { Dependence } from '../expression/variables.ts';
import { MappingFailure } from '../mapping-failure.ts';
import { renderBytes, renderText } from './render-value.ts';

/** Text with expressions in it. */
export class Template {
  /** As `to.key`: where it stands in its route, for the messages of dead letters. */
  readonly place: string;
  readonly parts: readonly (string | Expression)[];
  readonly dependsOn: Dependence;
  /** The text, if there are no expressions. */
  readonly constant: string | null;
  readonly #only: Expression | null;

  constructor(place: string, parts: readonly (string | Expression)[]) {
    const texts = parts.filter((part) => typeof part === 'string');
    const expressions = parts.filter((part) => typeof part !== 'string');
    this.place = place;
    this.parts = parts;
    this.dependsOn = expressions.some((part) => part.dependsOn === 'message') ? 'message' : 'topic';
    this.constant = expressions.length === 0 ? texts.join('') : null;
    this.#only = parts.length === 1 ? (expressions[0] ?? null) : null;
  }

  /** @throws MappingFailure */
  text(bindings: Bindings): string {
    if (this.constant !== null) return this.constant;
    return this.#placed(() => {
      if (this.#only !== null) return renderText(this.#only.evaluate(bindings));
      let text = '';
      for (const part of this.parts) {
        text += typeof part === 'string' ? part : renderText(part.evaluate(bindings));
      }
      return text;
    });
  }

  /** UTF-8; a template that is one expression with bytes as its result gives those bytes. @throws MappingFailure */
  bytes(bindings: Bindings): Uint8Array {
    const only = this.#only;
    if (only === null) return Buffer.from(this.text(bindings), 'utf8');
    return this.#placed(() => renderBytes(only.evaluate(bindings)));
  }

  #placed<T>(render: () => T): T {
    try {
      return render();
    } catch (error) {
      throw error instanceof MappingFailure ? error.at(this.place) : error;
    }
  }
}
