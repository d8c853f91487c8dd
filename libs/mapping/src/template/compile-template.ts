import type { Environment } from '@marcbachmann/cel-js';
import { compileExpression, type ExpressionSource } from '../expression/compile-expression.ts';
import type { Expression } from '../expression/expression.ts';
import type { Findings } from '../findings/finding.ts';
import { lexTemplate } from './lex-template.ts';
import { Template } from './template.ts';

/** A text of the mapping file with what is needed to compile it. */
export interface TemplateSource extends ExpressionSource {
  /** The comment behind the value: it may have cut the text short. */
  readonly comment: string | null;
}

/** What the templates of one route share. */
export interface TemplateContext {
  readonly environment: Environment;
  readonly captures: readonly string[];
  readonly findings: Findings;
}

/** Null with at least one finding if the text is not a template. `place` is its place within the route. */
export function compileTemplate(
  source: TemplateSource,
  place: string,
  context: TemplateContext,
): Template | null {
  const { environment, findings } = context;
  const lexed = lexTemplate(source.text);
  for (const problem of lexed.problems) {
    const { index, message, suggestion } = problem;
    const advice =
      source.comment === null ? suggestion : `quote the whole value: " #" begins a comment in YAML`;
    findings.report('template-syntax', source.positionOf(index), source.path, message, advice);
  }
  let failed = lexed.problems.length > 0;
  const parts: (string | Expression)[] = [];
  for (const part of lexed.parts) {
    if (part.kind === 'text') {
      if (reportMissingDollar(part.text, part.index, source, context)) failed = true;
      parts.push(part.text);
    } else if (part.text.trimStart().startsWith('env:')) {
      const message = '`${env:NAME}` is resolved in `clusters` only: a record depends on its message alone';
      const suggestion = 'write the text itself, or use a variable of the message';
      findings.report(
        'env-outside-clusters',
        source.positionOf(part.index),
        source.path,
        message,
        suggestion,
      );
      failed = true;
    } else {
      const positionOf = (index: number) => source.positionOf(part.index + index);
      const expression = compileExpression(
        { text: part.text, path: source.path, positionOf },
        environment,
        findings,
      );
      if (expression === null) failed = true;
      else parts.push(expression);
    }
  }
  return failed ? null : new Template(place, parts);
}

/** `{device}` or `$device` in a template is text, but hardly meant so if `device` is a capture. */
function reportMissingDollar(
  text: string,
  start: number,
  source: TemplateSource,
  { captures, findings }: TemplateContext,
): boolean {
  let reported = false;
  for (const name of captures) {
    for (const written of [`{${name}}`, `$${name}`]) {
      const index = text.indexOf(written);
      const isLonger = written.startsWith('$') && /^\w/.test(text.slice(index + written.length));
      const isEscaped = text[index - 1] === '$';
      if (index === -1 || isLonger || isEscaped) continue;
      const message = `${written} is plain text here`;
      const at = source.positionOf(start + index);
      findings.report('template-without-dollar', at, source.path, message, `write \${${name}}`);
      reported = true;
    }
  }
  return reported;
}
