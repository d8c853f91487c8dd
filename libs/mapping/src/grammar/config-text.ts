import type { Findings } from '../findings/finding.ts';
import type { ConfigText } from '../plan/cluster.ts';
import { lexTemplate } from '../template/lex-template.ts';
import type { YamlNode } from '../yaml/yaml-node.ts';
import { readText } from './values.ts';

const REFERENCE = /^\s*env:([A-Za-z_][A-Za-z0-9_]*)\s*$/;

/** Text of the `clusters` section, in which `${env:NAME}` is the only expression. */
export function readConfigText(node: YamlNode, expected: string, findings: Findings): ConfigText | null {
  const text = readText(node, expected, findings, 'template');
  if (text === null) return null;
  const { parts, problems } = lexTemplate(text.text);
  const before = findings.errors;
  for (const { index, message, suggestion } of problems) {
    findings.report('template-syntax', text.positionOf(index), text.path, message, suggestion);
  }
  const config = parts.map((part) => {
    if (part.kind === 'text') return { text: part.text };
    const name = REFERENCE.exec(part.text)?.[1];
    if (name === undefined) {
      const message = `\${${part.text}} is not a reference to the environment`;
      const meant = part.text.replace(/^\s*env[.:]?/, '').replace(/\W+/g, '_');
      const suggestion = `write \${env:${meant === '' ? 'NAME' : meant}}`;
      findings.report('env-reference', text.positionOf(part.index - 2), text.path, message, suggestion);
    }
    return { env: name ?? '' };
  });
  return findings.errors > before ? null : config;
}

/** The text if it needs no environment, else null. */
export function constantText(config: ConfigText): string | null {
  return config.every((part) => 'text' in part) ? config.map((part) => part.text).join('') : null;
}
