import { isAlias, isMap, isScalar, isSeq, type Document, type Node, type Scalar } from 'yaml';
import type { Findings } from '../findings/finding.ts';
import type { SourceText } from './source-text.ts';
import type { YamlEntry, YamlNode, YamlScalar } from './yaml-node.ts';

type AnyNode = Node | null;

/** Turns a parsed document into nodes with paths and places, and refuses what the language leaves out. */
export function convertDocument(
  document: Document.Parsed,
  source: SourceText,
  findings: Findings,
): YamlNode | null {
  if (document.contents === null) return null;
  return new Converter(source, findings).node(document.contents, '', 0);
}

class Converter {
  readonly #source: SourceText;
  readonly #findings: Findings;

  constructor(source: SourceText, findings: Findings) {
    this.#source = source;
    this.#findings = findings;
  }

  node(node: AnyNode, path: string, fallback: number): YamlNode {
    const [start, end] = node?.range ?? [fallback, fallback];
    const at = this.#source.position(start);
    if (isAlias(node)) return this.#refuseAnchor(start, path, `*${node.source}`);
    if ((isMap(node) || isSeq(node) || isScalar(node)) && node.anchor !== undefined) {
      return this.#refuseAnchor(start, path, `&${node.anchor}`);
    }
    if ((isMap(node) || isSeq(node) || isScalar(node)) && node.tag !== undefined) {
      const suggestion = 'quote the value if the ! belongs to it, or else remove the tag';
      const tag = node.tag.replace('tag:yaml.org,2002:', '!!');
      this.#findings.report('yaml-tag', at, path, `${tag} is a tag to YAML`, suggestion);
      return { kind: 'broken', path, at };
    }
    const flowText = () => this.#source.text.slice(start, end);
    if (isMap(node)) {
      const entries = node.items.flatMap((pair) => {
        // Typed as unknown by the library: a pair may have been made by hand.
        return this.#entry(asNode(pair.key), asNode(pair.value), path, start) ?? [];
      });
      this.#refuseDuplicates(entries, path);
      return { kind: 'map', path, at, entries, flowText: node.flow ? flowText() : null };
    }
    if (isSeq(node)) {
      const items = node.items.map((item, index) => this.node(asNode(item), `${path}[${index}]`, start));
      return { kind: 'list', path, at, items, flowText: node.flow ? flowText() : null };
    }
    return isScalar(node) ? this.#scalar(node, path) : nothing(path, at);
  }

  #entry(key: AnyNode, value: AnyNode, path: string, mapStart: number): YamlEntry | null {
    const start = key?.range?.[0] ?? mapStart;
    const at = this.#source.position(start);
    const name = isScalar(key) ? (typeof key.value === 'string' ? key.value : (key.source ?? '')) : '';
    if (name === '') {
      this.#findings.report('yaml-key', at, path, 'a key is not plain text', 'write a name before the colon');
      return null;
    }
    if (name === '<<') {
      this.#refuseAnchor(start, path, '<<');
      return null;
    }
    const child = path === '' ? name : `${path}.${name}`;
    return { key: name, at, value: this.node(value, child, key?.range?.[1] ?? start) };
  }

  #refuseAnchor(offset: number, path: string, text: string): YamlNode {
    const at = this.#source.position(offset);
    const message = `${text}: anchors, aliases and merge keys are not part of the mapping language`;
    const suggestion = 'write the value out, or put it into `defaults`; quote it if it is meant as text';
    this.#findings.report('yaml-anchor', at, path, message, suggestion);
    return { kind: 'broken', path, at };
  }

  #refuseDuplicates(entries: readonly YamlEntry[], path: string): void {
    const first = new Map<string, YamlEntry>();
    for (const entry of entries) {
      const earlier = first.get(entry.key);
      if (earlier === undefined) {
        first.set(entry.key, entry);
        continue;
      }
      const message = `\`${entry.key}\` stands already on line ${earlier.at.line}`;
      const suggestion = `remove one of the two \`${entry.key}\``;
      this.#findings.report('duplicate-key', entry.at, path, message, suggestion);
    }
  }

  #scalar(node: Scalar, path: string): YamlScalar {
    const [start, end] = node.range ?? [0, 0];
    const value = scalarValue(node);
    return {
      kind: 'scalar',
      path,
      at: this.#source.position(start),
      value,
      text: node.source ?? '',
      empty: start === end,
      comment: node.comment ?? null,
      positionOf: (index) => this.#source.position(this.#offsetOf(node, index)),
    };
  }

  /** Exact for text on one line without escapes and for `|` blocks; else the beginning of the value. */
  #offsetOf(node: Scalar, index: number): number {
    const [start, end] = node.range ?? [0, 0];
    const text = String(node.value);
    const source = this.#source;
    if (source.text.startsWith(text, start)) return start + index;
    if (source.text.slice(start + 1, end - 1) === text) return start + 1 + index;
    if (node.type !== 'BLOCK_LITERAL') return start;
    const before = text.slice(0, index).split('\n');
    const line = source.lineAt(start) + before.length;
    const indent = /^\s*/.exec(source.line(source.lineAt(start) + 1))?.[0].length ?? 0;
    return source.lineStart(line) + indent + (before.at(-1)?.length ?? 0);
  }
}

function nothing(path: string, at: YamlNode['at']): YamlScalar {
  return {
    kind: 'scalar',
    path,
    at,
    value: null,
    text: '',
    empty: true,
    comment: null,
    positionOf: () => at,
  };
}

/** The core schema gives nothing else; what another one would give is taken as it is written. */
function scalarValue({ value, source }: Scalar): YamlScalar['value'] {
  const plain = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
  return plain || value === null ? value : (source ?? null);
}

function asNode(value: unknown): AnyNode {
  return isScalar(value) || isMap(value) || isSeq(value) || isAlias(value) ? value : null;
}
