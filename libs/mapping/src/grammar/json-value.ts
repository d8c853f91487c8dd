import { compileTemplate, type TemplateContext } from '../template/compile-template.ts';
import { JsonTemplate, type JsonPart } from '../template/json-template.ts';
import type { YamlNode, YamlScalar } from '../yaml/yaml-node.ts';

/** A map or list of the file that becomes JSON; null with a finding if an expression in it is wrong. */
export function readJsonValue(node: YamlNode, place: string, context: TemplateContext): JsonTemplate | null {
  const before = context.findings.errors;
  const parts = joinText(partsOf(node, place, context));
  return context.findings.errors > before ? null : new JsonTemplate(place, parts);
}

function partsOf(node: YamlNode, place: string, context: TemplateContext): JsonPart[] {
  switch (node.kind) {
    case 'map': {
      const fields = node.entries.flatMap(({ key, value }, index) => [
        `${index === 0 ? '' : ','}${JSON.stringify(key)}:`,
        ...partsOf(value, place, context),
      ]);
      return ['{', ...fields, '}'];
    }
    case 'list': {
      const items = node.items.flatMap((item, index) => [
        ...(index === 0 ? [] : [',']),
        ...partsOf(item, place, context),
      ]);
      return ['[', ...items, ']'];
    }
    case 'scalar':
      return [scalarPart(node, place, context)];
    case 'broken':
      return [];
  }
}

function scalarPart(node: YamlScalar, place: string, context: TemplateContext): JsonPart {
  const { value } = node;
  if (typeof value === 'string') {
    const template = compileTemplate({ ...node, text: value }, place, context);
    if (template === null) return '';
    if (template.constant !== null) return JSON.stringify(template.constant);
    const [only] = template.parts;
    return template.parts.length === 1 && only !== undefined ? only : template;
  }
  if (typeof value !== 'number') return JSON.stringify(value);
  // A whole number too large for a double keeps the digits it was written with.
  if (Number.isSafeInteger(value) || !/^-?\d+$/.test(node.text)) return numberJson(value, node, context);
  return node.text;
}

function numberJson(value: number, node: YamlScalar, { findings }: TemplateContext): string {
  if (Number.isFinite(value)) return JSON.stringify(value);
  const suggestion = 'write it in quotes, or use null';
  findings.report('wrong-value', node.at, node.path, `JSON has no number ${node.text}`, suggestion);
  return 'null';
}

function joinText(parts: readonly JsonPart[]): JsonPart[] {
  const joined: JsonPart[] = [];
  for (const part of parts) {
    const last = joined.at(-1);
    if (typeof part === 'string' && typeof last === 'string') joined[joined.length - 1] = last + part;
    else joined.push(part);
  }
  return joined;
}
