import type { FindingCode } from '../findings/finding-table.ts';

/** One level of a filter: this text, or any text. */
export type PatternLevel = { readonly kind: 'text'; readonly text: string } | { readonly kind: 'any' };

export interface Capture {
  readonly name: string;
  /** Index of the level that is captured. */
  readonly level: number;
}

/** A topic filter as a route writes it, with captures. */
export interface TopicPattern {
  /** The MQTT topic filter, captures replaced by `+`. */
  readonly filter: string;
  readonly levels: readonly PatternLevel[];
  /** Whether a trailing `#` takes the rest of the topic. */
  readonly open: boolean;
  readonly captures: readonly Capture[];
}

export interface PatternProblem {
  readonly code: FindingCode;
  /** Index in the text of the filter. */
  readonly index: number;
  readonly message: string;
  readonly suggestion: string;
}

const MAX_FILTER_BYTES = 65_535;
const CAPTURE = /^\{([A-Za-z][A-Za-z0-9_]*)\}$/;

/** Reads a filter; with problems the pattern is what could be understood, good enough to check the rest. */
export function parseTopicPattern(text: string): { pattern: TopicPattern; problems: PatternProblem[] } {
  const problems = wholeFilterProblems(text);
  const levels: PatternLevel[] = [];
  const captures: Capture[] = [];
  const names = text.split('/');
  let index = 0;
  let open = false;
  names.forEach((level, at) => {
    const start = index;
    index += level.length + 1;
    if (level === '#' && at === names.length - 1) {
      open = true;
      return;
    }
    const capture = CAPTURE.exec(level)?.[1];
    if (capture !== undefined && captures.some(({ name }) => name === capture)) {
      const message = `{${capture}} occurs twice; a name stands for one level`;
      const suggestion = `name the second one differently, as {${capture}2}, or write + if you do not need it`;
      problems.push({ code: 'duplicate-capture', index: start, message, suggestion });
    } else if (capture !== undefined) {
      captures.push({ name: capture, level: at });
    }
    if (capture === undefined && level !== '+') problems.push(...levelProblems(level, start));
    const any = capture !== undefined || level === '+';
    levels.push(any ? { kind: 'any' } : { kind: 'text', text: level });
  });
  const filter = levels.map((level) => (level.kind === 'any' ? '+' : level.text));
  return {
    pattern: { filter: [...filter, ...(open ? ['#'] : [])].join('/'), levels, open, captures },
    problems,
  };
}

function wholeFilterProblems(text: string): PatternProblem[] {
  const problems: PatternProblem[] = [];
  const report = (code: FindingCode, message: string, suggestion: string) =>
    problems.push({ code, index: 0, message, suggestion });
  if (text === '') report('filter-empty', 'the topic filter is empty', 'write "#" to take every topic');
  if (text.startsWith('$share/')) {
    const rest = text.split('/').slice(2).join('/');
    const message = 'a route reads the log and needs no shared subscription';
    report('filter-shared', message, `write ${rest === '' ? 'the filter alone' : rest}`);
  }
  if (Buffer.byteLength(text) > MAX_FILTER_BYTES || text.includes('\0')) {
    const message = 'a topic filter has at most 65,535 bytes and no NUL [MQTT-4.7.3-2, MQTT-4.7.3-3]';
    report('filter-characters', message, 'shorten it with + or #');
  }
  return problems;
}

/** What is wrong with a level that is neither `+`, a capture nor a last `#`. */
function levelProblems(level: string, index: number): PatternProblem[] {
  const problem = (code: FindingCode, message: string, suggestion: string): PatternProblem[] => [
    { code, index, message, suggestion },
  ];
  if (level === '#') {
    return problem(
      'filter-hash-not-last',
      '# may only be the last level [MQTT-4.7.1-1]',
      'write + for one level',
    );
  }
  if (level.includes('${')) {
    const message = 'a filter declares names, it does not use them';
    return problem('filter-template', message, `write ${level.replaceAll('${', '{')}`);
  }
  if (/[{}]/.test(level)) {
    const name = level.replace(/[^A-Za-z0-9_]+/g, '_').replace(/^[^A-Za-z]+|_+$/g, '') || 'name';
    const message = `"${level}" is not a capture: it is a whole level, {name}, of letters, digits and _`;
    return problem('filter-capture', message, `write {${name}}; take parts of it in an expression`);
  }
  if (/[+#]/.test(level)) {
    const message = `"${level}": + and # stand for whole levels [MQTT-4.7.1-1, MQTT-4.7.1-2]`;
    return problem('filter-wildcard', message, 'write + for the level and test the rest with `when`');
  }
  return [];
}
