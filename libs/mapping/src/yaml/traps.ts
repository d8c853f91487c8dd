import { parseDocument, type YAMLError } from 'yaml';
import type { Findings } from '../findings/finding.ts';
import type { FindingCode } from '../findings/finding-table.ts';
import { quote, quoteFlowTemplates, replaceValue } from './flow-quoting.ts';
import type { SourceText } from './source-text.ts';

/*
 * The words of the language look like YAML in unlucky places: `{site}/x` begins a map, `!has(x)` is a tag,
 * `a ? "b" : "c"` contains a key. A trap is recognised by the line on which YAML gives up. It is reported
 * with the line as it should be written, and repaired in memory so that everything behind it is checked too.
 */

interface Trap {
  readonly code: FindingCode;
  readonly message: string;
}

const byFirstCharacter: Readonly<Record<string, Trap>> = {
  '{': { code: 'yaml-braces', message: 'a value that begins with { is a map to YAML' },
  '[': { code: 'yaml-brackets', message: 'a value that begins with [ is a list to YAML' },
  '"': { code: 'yaml-quotes', message: 'to YAML the value ends at its second quote' },
  "'": { code: 'yaml-quotes', message: 'to YAML the value ends at its second quote' },
  '!': { code: 'yaml-tag', message: 'a value that begins with ! is a tag to YAML' },
  '&': { code: 'yaml-anchor', message: 'a value that begins with & is an anchor to YAML' },
  '*': { code: 'yaml-anchor', message: 'a value that begins with * is an alias to YAML' },
  '|': { code: 'yaml-block', message: 'a value that begins with | is a block of the lines below to YAML' },
  '>': { code: 'yaml-block', message: 'a value that begins with > is a block of the lines below to YAML' },
  '%': { code: 'yaml-reserved', message: 'YAML reserves % at the beginning of a value' },
  '@': { code: 'yaml-reserved', message: 'YAML reserves @ at the beginning of a value' },
  '`': { code: 'yaml-reserved', message: 'YAML reserves ` at the beginning of a value' },
};

/** `- key: value`, `key: value` or `- value`, with the indexes where the value begins. */
const ENTRY = /^(\s*(?:- +)*)(?:([\w.$/-]+|"[^"]*"|'[^']*')\s*:\s+)?(?=\S)/;

/** Keys whose braces are captures; everywhere else an author of `{x}` meant `${x}`. */
const FILTER_KEY = 'mqtt';

/** Reports the trap behind a YAML error and returns the text without it; null if there is none to be seen. */
export function repairTrap(source: SourceText, error: YAMLError, findings: Findings): SourceText | null {
  const line = source.lineAt(error.pos[0]);
  if (source.isRepaired(line)) return null;
  const text = source.line(line);
  const column = error.pos[0] - source.lineStart(line);

  if (text.slice(column - 1, column + 1) === '${') {
    const repaired = quoteFlowTemplates(text);
    if (repaired.quoted.length === 0) return null;
    const at = source.position(source.lineStart(line) + column - 1);
    const message = 'inside { } or [ ] an unquoted ${ ends at its brace';
    findings.report('yaml-flow-template', at, '', message, `write ${repaired.quoted.join(' and ')}`);
    return source.withLine(line, repaired);
  }

  const entry = ENTRY.exec(text);
  if (!entry) return null;
  const start = entry[0].length;
  const end = start + valueLength(text.slice(start));
  const value = text.slice(start, end);
  const trap = byFirstCharacter[value[0] ?? ''] ?? colonTrap(value);
  if (!trap || !isTrap(value, trap)) return null;

  const key = entry[2];
  const meant = trap.code === 'yaml-braces' && key !== FILTER_KEY ? value.replace(/(?<!\$)\{/g, '${') : value;
  const quoted = quote(meant);
  const suggestion = `write ${key === undefined ? '- ' : `${key}: `}${quoted}`;
  findings.report(trap.code, source.position(source.lineStart(line) + start), '', trap.message, suggestion);
  return source.withLine(line, replaceValue(text, start, end, quoted));
}

function colonTrap(value: string): Trap | null {
  if (!/:(\s|$)/.test(value)) return null;
  return { code: 'yaml-colon', message: 'to YAML a colon followed by a space ends a key' };
}

/** A collection or a quoted text is a trap only if something follows its end, not if it lacks its end. */
function isTrap(value: string, trap: Trap): boolean {
  if (!['yaml-braces', 'yaml-brackets', 'yaml-quotes'].includes(trap.code)) return true;
  const { errors } = parseDocument(value, { prettyErrors: false });
  return errors[0]?.code === 'UNEXPECTED_TOKEN';
}

/** Length of a value without the blanks and the comment behind it. */
function valueLength(rest: string): number {
  let quoteChar = '';
  let end = 0;
  for (let index = 0; index < rest.length; index++) {
    const char = rest[index] ?? '';
    if (quoteChar !== '') quoteChar = char === quoteChar ? '' : quoteChar;
    else if (char === '"' || char === "'") quoteChar = char;
    else if (char === '#' && /\s/.test(rest[index - 1] ?? '')) break;
    if (!/\s/.test(char)) end = index + 1;
  }
  return end;
}
