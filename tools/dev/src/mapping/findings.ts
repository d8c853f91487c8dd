import { Severity, type Finding } from '@tributary/contracts/control';

const names: Partial<Record<Severity, string>> = {
  [Severity.ERROR]: 'error',
  [Severity.WARNING]: 'warning',
  [Severity.INFO]: 'note',
};

/** Findings for the screen: place, severity and code, then the message and what to write instead. */
export function findingLines(file: string, findings: readonly Finding[]): string[] {
  return findings.flatMap(({ line, column, severity, code, path, message, suggestion }) => [
    `${file}:${line}:${column} ${names[severity] ?? 'finding'} [${code}]${path === '' ? '' : ` in ${path}`}`,
    ...message.split('\n').map((text) => `    ${text}`),
    ...(suggestion === ''
      ? []
      : suggestion.split('\n').map((text, i) => `    ${i === 0 ? '-> ' : '   '}${text}`)),
  ]);
}
