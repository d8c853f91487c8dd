import type { Finding } from './finding.ts';

/** Renders findings for a terminal, one block each and a closing count. Empty input gives an empty string. */
export function formatFindings(findings: readonly Finding[], fileName: string): string {
  if (findings.length === 0) return '';
  const blocks = findings.map((finding) => {
    const place = `${fileName}:${finding.line}:${finding.column}`;
    const where = finding.path === '' ? '' : ` in ${finding.path}`;
    return [
      `${place} ${finding.severity} [${finding.code}]${where}`,
      indent('  ', finding.message),
      indent('  -> ', finding.suggestion),
    ].join('\n');
  });
  const errors = findings.filter((finding) => finding.severity === 'error').length;
  return `${blocks.join('\n\n')}\n\n${count(errors, 'error')}, ${count(findings.length - errors, 'warning')}\n`;
}

function indent(lead: string, text: string): string {
  return text
    .split('\n')
    .map((line, index) => (index === 0 ? lead : ' '.repeat(lead.length)) + line)
    .join('\n');
}

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}
