import { ParseError, type Environment, type ParseResult } from '@marcbachmann/cel-js';
import type { Findings, Position } from '../findings/finding.ts';
import type { FindingCode } from '../findings/finding-table.ts';
import { determinismProblem } from './determinism.ts';
import { functionNames } from './environment.ts';
import { Expression } from './expression.ts';
import { explainSyntaxError, explainTypeError, suggestFunction, suggestName } from './suggestions.ts';
import { usesOf, type Uses } from './syntax-tree.ts';
import { isVariable, variables, type Dependence } from './variables.ts';

/** Text of an expression with its place in the file. */
export interface ExpressionSource {
  readonly text: string;
  readonly path: string;
  positionOf(index: number): Position;
}

/** Compiles and type-checks; null with at least one finding if that fails. */
export function compileExpression(
  source: ExpressionSource,
  environment: Environment,
  findings: Findings,
): Expression | null {
  const report = (code: FindingCode, index: number, message: string, suggestion: string): null => {
    findings.report(code, source.positionOf(index), source.path, message, suggestion);
    return null;
  };

  const parsed = parse(source.text, environment);
  if (parsed instanceof ParseError) {
    const { summary, range } = parsed;
    return report('expression-syntax', range?.start ?? 0, summary, explainSyntaxError(source.text, parsed));
  }
  const uses = usesOf(parsed.ast);
  if (reportMisuses(uses, source.text, environment, report) > 0) return null;

  const checked = parsed.check();
  if (!checked.valid || checked.type === undefined) {
    const error = checked.error;
    const summary = error?.summary ?? 'the types do not fit together';
    return report('expression-type', error?.range?.start ?? 0, summary, explainTypeError(summary));
  }
  if (checked.type === 'null' || checked.type === 'type') {
    const message = `the result is always ${checked.type === 'null' ? 'null' : 'a type'}`;
    return report('expression-type', 0, message, 'write an expression with a text, number or JSON result');
  }
  const names = uses.names.map(({ name }) => name);
  return new Expression(source.text, names, dependenceOf(names), checked.type, parsed);
}

function parse(text: string, environment: Environment): ParseResult | ParseError {
  try {
    return environment.parse(text);
  } catch (error) {
    if (error instanceof ParseError) return error;
    // The parser recurses: an expression nested deeper than the stack is a syntax error to its author.
    return new ParseError(error instanceof Error ? error.message : String(error));
  }
}

type Report = (code: FindingCode, index: number, message: string, suggestion: string) => null;

/** Reports every unknown name and function and whatever is not deterministic; CEL's own check stops at one. */
function reportMisuses(uses: Uses, text: string, environment: Environment, report: Report): number {
  let reported = 0;
  for (const { name, start } of uses.names) {
    if (environment.hasVariable(name)) continue;
    report(
      'unknown-name',
      start,
      `\`${name}\` is not known here`,
      suggestName(name, start, text, environment),
    );
    reported++;
  }
  for (const call of uses.calls) {
    const problem = determinismProblem(call);
    if (problem) report('not-deterministic', call.start, problem.message, problem.suggestion);
    else if (!functionNames.has(call.name)) {
      const message = `there is no function \`${call.name}\``;
      report('unknown-function', call.start, message, suggestFunction(call.name));
    } else if (!hasValidPattern(call)) {
      const message = 'the pattern of matches() is not a regular expression';
      report('expression-pattern', call.start, message, 'check its brackets, and write \\\\ for a backslash');
    } else continue;
    reported++;
  }
  return reported;
}

function hasValidPattern(call: Uses['calls'][number]): boolean {
  const pattern = call.arguments[0];
  if (call.name !== 'matches' || pattern?.op !== 'value' || typeof pattern.args !== 'string') return true;
  try {
    return new RegExp(pattern.args) instanceof RegExp;
  } catch {
    return false;
  }
}

function dependenceOf(names: readonly string[]): Dependence {
  const perMessage = names.some((name) => isVariable(name) && variables[name].dependsOn === 'message');
  return perMessage ? 'message' : 'topic';
}
