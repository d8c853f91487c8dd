import { Findings, type Finding } from './findings/finding.ts';
import { readDocument } from './grammar/document.ts';
import type { Mapping } from './plan/mapping.ts';
import { runMappingTests } from './tests/run-mapping-tests.ts';
import { decodeSource, DEFAULT_MAX_BYTES } from './yaml/decode-source.ts';
import { readYaml } from './yaml/read-yaml.ts';

export interface CompileOptions {
  /** Largest file accepted, in bytes. */
  readonly maxBytes?: number;
}

export type CompileResult =
  | { readonly ok: true; readonly mapping: Mapping; readonly warnings: readonly Finding[] }
  | { readonly ok: false; readonly findings: readonly Finding[] };

/**
 * Compiles a mapping file, given as text or as its bytes. Never throws for what the file says: the result is
 * a mapping whose tests have passed, or all findings at once in the order of the file, warnings among them.
 */
export function compileMapping(text: string | Uint8Array, options: CompileOptions = {}): CompileResult {
  const findings = new Findings();
  const mapping = compile(text, options.maxBytes ?? DEFAULT_MAX_BYTES, findings);
  if (mapping === null || findings.errors > 0) return { ok: false, findings: findings.sorted() };
  return { ok: true, mapping, warnings: findings.sorted() };
}

function compile(text: string | Uint8Array, maxBytes: number, findings: Findings): Mapping | null {
  const source = decodeSource(text, maxBytes, findings);
  if (source === null) return null;
  const document = readYaml(source, findings);
  if (document === null) {
    if (findings.errors === 0) reportNothing(findings);
    return null;
  }
  const mapping = readDocument(document, findings);
  if (mapping === null) return null;
  for (const result of runMappingTests(mapping)) {
    for (const { at, text: difference } of result.differences) {
      const message = `test "${result.name}": ${difference}`;
      findings.report('test-failed', at, result.path, message, 'correct the route, or what the test expects');
    }
  }
  return mapping;
}

/** Comments alone are no document. */
function reportNothing(findings: Findings): void {
  const suggestion = 'begin with `version: 1`, `clusters:` and `routes:`';
  findings.report('file-empty', { line: 1, column: 1 }, '', 'the file says nothing', suggestion);
}
