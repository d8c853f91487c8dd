import { parseDocument, type Document, type YAMLError } from 'yaml';
import type { Findings } from '../findings/finding.ts';
import { convertDocument } from './convert-document.ts';
import type { SourceText } from './source-text.ts';
import { repairTrap } from './traps.ts';
import type { YamlNode } from './yaml-node.ts';

/**
 * Each repair mends one line and reads the file again. A file is read again until this many bytes have been
 * read: a large one with many broken lines is told about the first ones.
 */
const MAX_BYTES_READ = 1024 * 1024;

/**
 * Reads YAML into nodes that know their place. Every trap is a finding; the result is null only if what
 * remains cannot be read at all.
 */
export function readYaml(source: SourceText, findings: Findings): YamlNode | null {
  let text = source;
  for (let bytesRead = text.text.length; ; bytesRead += text.text.length) {
    const document = parse(text.text);
    const problem = firstProblem(document);
    if (problem === null) return convertDocument(document, text, findings);
    if (problem.code === 'TAB_AS_INDENT') return reportTabs(text, findings);
    const repairable = bytesRead < MAX_BYTES_READ && problem.code !== 'BAD_DQ_ESCAPE';
    const repaired = repairable ? repairTrap(text, problem, findings) : null;
    if (repaired !== null) {
      text = repaired;
      continue;
    }
    if (!reportProblem(problem, text, findings)) return null;
    return convertDocument(document, text, findings);
  }
}

/** One mistake can make an error of every line behind it, and capturing their stacks is most of the work. */
function parse(text: string): Document.Parsed {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return parseDocument(text, { uniqueKeys: false, prettyErrors: false });
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

function firstProblem(document: Document.Parsed): YAMLError | null {
  const problems = [...document.errors, ...document.warnings];
  return problems.toSorted((a, b) => a.pos[0] - b.pos[0])[0] ?? null;
}

/** True if the document can be read in spite of the problem. */
function reportProblem(problem: YAMLError, text: SourceText, findings: Findings): boolean {
  const at = text.position(problem.pos[0]);
  switch (problem.code) {
    case 'MULTIPLE_DOCS': {
      const message = 'the file holds more than one document';
      findings.report('yaml-documents', at, '', message, 'remove the line `---`; one file is one mapping');
      return false;
    }
    case 'BAD_DQ_ESCAPE': {
      const suggestion = "use single quotes, in which a backslash is a backslash: 'a\\d'";
      findings.report('yaml-escape', at, '', problem.message, suggestion);
      return true;
    }
    default: {
      const suggestion = 'check indentation, quotes and brackets on this line and the one before';
      findings.report('yaml-syntax', at, '', problem.message, suggestion);
      return false;
    }
  }
}

function reportTabs(text: SourceText, findings: Findings): null {
  for (let line = 0; line < text.lines; line++) {
    const indent = /^\s*/.exec(text.line(line))?.[0] ?? '';
    if (!indent.includes('\t') || indent === text.line(line)) continue;
    const at = text.position(text.lineStart(line) + indent.indexOf('\t'));
    findings.report(
      'yaml-tab',
      at,
      '',
      'the line is indented with a tab',
      'indent with two spaces per level',
    );
  }
  return null;
}
