import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram, TemporaryFolder } from '@tributary/testing';
import { ConformanceError } from '../errors.ts';
import { Checkout } from './checkout.ts';
import { outputOf, type Output } from './output.ts';
import type { CaseResult, Outcome, Suite } from './suite.ts';

const SCRIPTS = ['client_test.py', 'client_test5.py'] as const;
/** The V5 script takes about 110 s where all is well. */
const TIMEOUT_MS = 6 * 60_000;

/**
 * Runs a script as `python3 script` does, but naming each test: only the V5 script passes options on to unittest.
 * @see https://docs.python.org/3/library/unittest.html
 */
const RUNNER = `
import runpy, sys, unittest
sys.path.insert(0, '.')
main = unittest.main
unittest.main = lambda: main(verbosity=2)
script = sys.argv[1]
sys.argv = [script]
runpy.run_path(script, run_name='__main__')
`;

/** Eclipse paho.mqtt.testing, the interoperability tests of a client against a server. @throws ConformanceError */
export function pahoSuite(folder: string): Suite {
  const checkout = new Checkout(folder, 'eclipse/paho.mqtt.testing', 'interoperability/client_test5.py');
  return {
    name: 'paho',
    title: 'Eclipse paho.mqtt.testing',
    command: 'python3 client_test.py; python3 client_test5.py, the port put into a copy',
    source: () => checkout.source(),
    run: async ({ port }) => {
      if (findProgram('python3') === undefined) {
        throw new ConformanceError('no-program', 'paho.mqtt.testing needs python3');
      }
      using copy = new TemporaryFolder('paho');
      cpSync(join(checkout.folder, 'interoperability'), copy.path, { recursive: true });
      const results: CaseResult[] = [];
      for (const script of SCRIPTS) {
        setPort(join(copy.path, script), port);
        const options = { cwd: copy.path, timeoutMs: TIMEOUT_MS };
        const output = await outputOf('python3', ['-u', '-c', RUNNER, script], options);
        results.push(...readUnittest(script, output));
      }
      return results;
    },
  };
}

function setPort(file: string, port: number): void {
  const text = readFileSync(file, 'utf8');
  const changed = text.replaceAll(/^( *)port = 1883$/gm, `$1port = ${port}`);
  if (changed === text) throw new ConformanceError('no-checkout', `${file} sets its port in another way now`);
  writeFileSync(file, changed);
}

const OUTCOMES: Record<string, Outcome> = { ok: 'passed', FAIL: 'failed', ERROR: 'failed' };

/** Reads what unittest prints with verbosity 2. A test that began and did not end has failed. */
export function readUnittest(script: string, { stderr: text, late, code }: Output): CaseResult[] {
  const results: CaseResult[] = [];
  // A test's own output stands between its name and its verdict.
  const began = [...text.matchAll(/^(test\w+) \(.*?\)(?: \.\.\.|\n)/gm)];
  for (const [index, { 1: name = '', index: at }] of began.entries()) {
    const rest = text.slice(at, began[index + 1]?.index);
    const said = /(?:\.\.\. |^)(ok|FAIL|ERROR|skipped.*)$/m.exec(rest)?.[1];
    const failure = late ? `no end within ${TIMEOUT_MS / 1000} s` : 'it did not end';
    results.push({
      name: `${script} ${name}`,
      outcome: said === undefined ? 'failed' : (OUTCOMES[said] ?? 'skipped'),
      detail: said === undefined ? failure : said === 'ok' ? '' : reasonOf(text, name),
    });
  }
  if (results.length === 0) {
    throw new ConformanceError(
      'no-result',
      `${script} named no test (exit code ${code}):\n${text.slice(-2000)}`,
    );
  }
  return results;
}

/** The last line of a test's traceback, which names the exception. */
function reasonOf(text: string, name: string): string {
  const block =
    new RegExp(`^(?:FAIL|ERROR): ${name} .*\\n-+\\n([^]*?)\\n\\n(?:=|-)`, 'm').exec(text)?.[1] ?? '';
  const inner =
    new RegExp(`${name}[^]*?Traceback[^]*?\\n(\\w*(?:Error|Exception)\\b.*)`).exec(text)?.[1] ?? '';
  return (block.trim().split('\n').at(-1) || inner).slice(0, 300);
}
