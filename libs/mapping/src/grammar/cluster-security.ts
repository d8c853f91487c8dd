import type { Findings } from '../findings/finding.ts';
import {
  saslMechanisms,
  type ConfigText,
  type SaslDeclaration,
  type SslDeclaration,
} from '../plan/cluster.ts';
import type { YamlNode } from '../yaml/yaml-node.ts';
import { constantText, readConfigText } from './config-text.ts';
import { readFields } from './fields.ts';
import { readBoolean, readChoice } from './values.ts';

const SSL_TEXTS = ['ca', 'cert', 'key', 'servername'] as const;

/** `ssl`: true, false, or a map of PEM texts. Absent: no encryption. */
export function readSsl(node: YamlNode | null, findings: Findings): boolean | SslDeclaration {
  if (node === null) return false;
  if (node.kind === 'scalar') return readBoolean(node, findings) ?? false;
  const fields = readFields(node, [...SSL_TEXTS, 'rejectUnauthorized'], findings);
  if (fields === null) return false;
  const ssl: { -readonly [K in keyof SslDeclaration]: SslDeclaration[K] } = {};
  for (const key of SSL_TEXTS) {
    const value = fields.get(key);
    const text = value === null ? null : readConfigText(value, 'PEM text, like ${env:KAFKA_CA}', findings);
    if (value === null || text === null) continue;
    if (key === 'key') warnOfSecret(value, text, 'KAFKA_KEY', findings);
    ssl[key] = text;
  }
  const reject = fields.get('rejectUnauthorized');
  if (reject !== null) ssl.rejectUnauthorized = readBoolean(reject, findings) ?? true;
  return ssl;
}

export function readSasl(node: YamlNode | null, findings: Findings): SaslDeclaration | null {
  if (node === null) return null;
  const fields = readFields(node, ['mechanism', 'username', 'password'], findings);
  const mechanismNode = fields?.require('mechanism', `write mechanism: ${saslMechanisms[2]}`);
  const usernameNode = fields?.require('username', 'write username: ${env:KAFKA_USERNAME}');
  const passwordNode = fields?.require('password', 'write password: ${env:KAFKA_PASSWORD}');
  const mechanism = mechanismNode ? readChoice(mechanismNode, saslMechanisms, findings) : null;
  const username = usernameNode ? readConfigText(usernameNode, 'a user name', findings) : null;
  const password = passwordNode ? readConfigText(passwordNode, '${env:KAFKA_PASSWORD}', findings) : null;
  if (passwordNode && password) warnOfSecret(passwordNode, password, 'KAFKA_PASSWORD', findings);
  if (mechanism === null || username === null || password === null) return null;
  return { mechanism, username, password };
}

/** Every version of a mapping is kept and shown; a secret in it would be too. */
function warnOfSecret(node: YamlNode, text: ConfigText, name: string, findings: Findings): void {
  if (constantText(text) === null) return;
  const message = 'versions of a mapping are kept and shown; a secret does not belong into them';
  findings.report('secret-in-file', node.at, node.path, message, `write \${env:${name}}`);
}
