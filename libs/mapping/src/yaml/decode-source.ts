import type { Findings } from '../findings/finding.ts';
import { SourceText } from './source-text.ts';

/** Largest mapping file by default. A version must fit into one message of the config bucket (1 MB). */
export const DEFAULT_MAX_BYTES = 512 * 1024;

const REPLACEMENT = '\ufffd';

/** Text or the bytes of a file to source text; null with a finding if it cannot be one. */
export function decodeSource(
  input: string | Uint8Array,
  maxBytes: number,
  findings: Findings,
): SourceText | null {
  const start = { line: 1, column: 1 };
  const bytes = typeof input === 'string' ? Buffer.byteLength(input) : input.length;
  if (bytes > maxBytes) {
    const message = `the file has ${bytes} bytes; at most ${maxBytes} are allowed`;
    findings.report(
      'file-too-large',
      start,
      '',
      message,
      'merge routes that differ only in names by captures',
    );
    return null;
  }
  const text = typeof input === 'string' ? input : Buffer.from(input).toString('utf8');
  const broken = typeof input === 'string' ? !input.isWellFormed() : !isUtf8(input);
  if (broken) {
    const at = new SourceText(text).position(Math.max(0, text.toWellFormed().indexOf(REPLACEMENT)));
    findings.report('file-not-utf8', at, '', 'the file is not UTF-8 text', 'save the file as UTF-8');
    return null;
  }
  if (text.trim() === '') {
    const suggestion = 'begin with `version: 1`, `clusters:` and `routes:`';
    findings.report('file-empty', start, '', 'the file is empty', suggestion);
    return null;
  }
  return new SourceText(text.replace(/^\ufeff/, ''));
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}
