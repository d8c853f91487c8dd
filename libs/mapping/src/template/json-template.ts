import type { Bindings, Expression } from '../expression/expression.ts';
import type { Dependence } from '../expression/variables.ts';
import { MappingFailure } from '../mapping-failure.ts';
import { renderJson } from './render-value.ts';
import type { Template } from './template.ts';

/** A piece of a JSON text: literal, the JSON of a result, or the JSON string of a text with expressions. */
export type JsonPart = string | Expression | Template;

/** A YAML map of the mapping file that becomes JSON: its fixed text is made once, its holes per message. */
export class JsonTemplate {
  readonly place: string;
  readonly parts: readonly JsonPart[];
  readonly dependsOn: Dependence;

  constructor(place: string, parts: readonly JsonPart[]) {
    this.place = place;
    this.parts = parts;
    const perMessage = parts.some((part) => typeof part !== 'string' && part.dependsOn === 'message');
    this.dependsOn = perMessage ? 'message' : 'topic';
  }

  /** @throws MappingFailure */
  bytes(bindings: Bindings): Uint8Array {
    let text = '';
    try {
      for (const part of this.parts) text += jsonOf(part, bindings);
    } catch (error) {
      throw error instanceof MappingFailure ? error.at(this.place) : error;
    }
    return Buffer.from(text, 'utf8');
  }
}

function jsonOf(part: JsonPart, bindings: Bindings): string {
  if (typeof part === 'string') return part;
  return 'evaluate' in part ? renderJson(part.evaluate(bindings)) : JSON.stringify(part.text(bindings));
}
