import { Optional } from '@marcbachmann/cel-js';
import { Duration, UnsignedInt } from '@marcbachmann/cel-js/evaluator';
import { MappingFailure } from '../mapping-failure.ts';

/*
 * How the result of an expression is written. Text is taken as it is, numbers and booleans as in JSON, times
 * in ISO 8601, lists and maps as JSON. Null is refused as text: "null" in a key is never what was meant.
 */

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** @throws MappingFailure 'not-representable' */
export function renderText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value instanceof Uint8Array) return decodeUtf8(value);
  if (value === null || value === undefined) throw notRepresentable('the result is null, which is not text');
  if (value instanceof Optional) return renderText(presentValue(value));
  const json = renderJson(value);
  return json.startsWith('"') ? String(JSON.parse(json)) : json;
}

/** As text, but bytes stay bytes. @throws MappingFailure 'not-representable' */
export function renderBytes(value: unknown): Uint8Array {
  return value instanceof Uint8Array ? value : Buffer.from(renderText(value), 'utf8');
}

/** As the protobuf JSON mapping has it: bytes in base64, times in ISO 8601. @throws MappingFailure */
export function renderJson(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value);
    case 'boolean':
    case 'bigint':
      return String(value);
    case 'number':
      if (Number.isFinite(value)) return String(value);
      throw notRepresentable(`the result is ${value}, which is not a number in JSON`);
    case 'object':
      return value === null ? 'null' : renderObject(value);
    default:
      throw notRepresentable('the result has no text');
  }
}

function renderObject(value: object): string {
  if (Array.isArray(value)) return `[${value.map(renderJson).join(',')}]`;
  if (value instanceof Set) return renderObject([...value]);
  if (value instanceof Map) return renderEntries([...value]);
  if (value instanceof Date) return JSON.stringify(value.toISOString());
  if (value instanceof Uint8Array) return JSON.stringify(Buffer.from(value).toString('base64'));
  if (value instanceof UnsignedInt) return value.toString();
  if (value instanceof Duration) return JSON.stringify(`${value.valueOf() / 1000}s`);
  if (value instanceof Optional) return renderJson(value.hasValue() ? value.value() : null);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return renderEntries(Object.entries(value));
  throw notRepresentable('the result is a type or namespace of CEL, which has no text');
}

function renderEntries(entries: [unknown, unknown][]): string {
  const fields = entries.map(([key, value]) => `${JSON.stringify(renderText(key))}:${renderJson(value)}`);
  return `{${fields.join(',')}}`;
}

function presentValue(value: Optional): unknown {
  if (value.hasValue()) return value.value();
  throw notRepresentable('the field is missing; add .orValue(...)');
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw notRepresentable('the result is bytes that are not UTF-8');
  }
}

function notRepresentable(message: string): MappingFailure {
  return new MappingFailure('not-representable', message);
}
