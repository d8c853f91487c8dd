import type { YamlNode } from './yaml-node.ts';

/** A JSON value. */
export type PlainValue =
  string | number | boolean | null | readonly PlainValue[] | { readonly [key: string]: PlainValue };

/** What a node says, without its places. */
export function plainValue(node: YamlNode): PlainValue {
  switch (node.kind) {
    case 'map':
      return Object.fromEntries(node.entries.map(({ key, value }) => [key, plainValue(value)]));
    case 'list':
      return node.items.map(plainValue);
    case 'scalar':
      return node.value;
    case 'broken':
      return null;
  }
}
