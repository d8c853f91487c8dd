import { readFileSync } from 'node:fs';
import { LineCounter, isMap, isNode, isScalar, parseDocument } from 'yaml';
import type { Node, YAMLMap } from 'yaml';
import type { SettingProblem } from '../errors.ts';
import type { SettingDeclarations } from './declaration.ts';

/** A value of a configuration file. */
export interface FileEntry {
  readonly key: string;
  readonly value: unknown;
  /** `file:line` */
  readonly source: string;
}

export interface FileContent {
  readonly entries: readonly FileEntry[];
  readonly problems: readonly SettingProblem[];
}

/** Reads a configuration file; maps are followed until a declared key is reached. JSON is YAML. */
export function readConfigFile(path: string, settings: SettingDeclarations): FileContent {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    return failed(
      'TRIBUTARY_CONFIG_FILE',
      `${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, uniqueKeys: true });
  const place = (offset: number | undefined): string => `${path}:${lineCounter.linePos(offset ?? 0).line}`;
  if (document.errors.length > 0) {
    const problems = document.errors.map((error) => ({
      setting: path,
      source: place(error.pos[0]),
      message: error.message.split('\n')[0]?.replace(/ at line \d+.*$/, '') ?? error.code,
    }));
    return { entries: [], problems };
  }
  if (document.contents === null) return { entries: [], problems: [] };
  if (!isMap(document.contents)) return failed(path, 'must be a map of settings');

  const entries: FileEntry[] = [];
  const visit = (map: YAMLMap, parents: readonly string[]): void => {
    for (const { key: keyNode, value: valueNode } of map.items) {
      const key = [...parents, isScalar(keyNode) ? String(keyNode.value) : String(keyNode)].join('.');
      const source = place(isNode(keyNode) ? keyNode.range?.[0] : undefined);
      if (isMap(valueNode) && !Object.hasOwn(settings, key)) visit(valueNode, [key]);
      else entries.push({ key, value: isNode(valueNode) ? plain(valueNode, document) : null, source });
    }
  };
  visit(document.contents, []);
  return { entries, problems: [] };
}

function plain(node: Node, document: Parameters<Node['toJS']>[0]): unknown {
  return node.toJS(document);
}

function failed(source: string, message: string): FileContent {
  return { entries: [], problems: [{ setting: source, source, message }] };
}
