import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TemporaryFolder } from '@tributary/testing';
import { ConformanceError } from '../errors.ts';
import { Checkout } from './checkout.ts';
import { outputOf } from './output.ts';
import type { CaseResult, Suite } from './suite.ts';
import { sutFile } from './sut-file.ts';

const PROGRAM = 'target/conformance/mqtt5-conformance';
// Its release profile ends the whole run at the first failure (panic = "abort"); this one unwinds.
const BUILD = 'cargo build --profile conformance -p mqtt5-conformance-cli';
const TIMEOUT_MS = 30 * 60_000;

/** The mqtt5-conformance suite of LabOverWire/mqtt-lib: one test for each of many normative statements. @throws ConformanceError */
export function mqtt5ConformanceSuite(folder: string): Suite {
  const checkout = new Checkout(folder, 'LabOverWire/mqtt-lib', 'crates/mqtt5-conformance/Cargo.toml');
  return {
    name: 'mqtt5-conformance',
    title: 'mqtt5-conformance of LabOverWire/mqtt-lib',
    command: `${BUILD}; ./${PROGRAM} --sut SUT.toml --test-threads 1`,
    source: () => checkout.source(),
    run: async (target) => {
      const program = join(checkout.folder, PROGRAM);
      if (!existsSync(program)) {
        throw new ConformanceError('no-program', `${program} is not there; in ${folder} run: ${BUILD}`);
      }
      using temporary = new TemporaryFolder('sut');
      const sut = join(temporary.path, 'sut.toml');
      writeFileSync(sut, sutFile(target));
      const args = ['--sut', sut, '--test-threads', '1'];
      const options = { cwd: temporary.path, timeoutMs: TIMEOUT_MS };
      const results = readLibtest((await outputOf(program, args, options)).stdout);
      // Its client begins to wait for an answer after it has sent the question (test_client/raw.rs, await_ack): an answer
      // that is quicker is lost, and the test fails by a timeout. What fails counts if it does so again, alone.
      return await Promise.all(
        results.map(async (result) => {
          if (result.outcome !== 'failed') return result;
          const again = await outputOf(program, [...args, nameOf(result)], options);
          return readLibtest(again.stdout).find(({ name }) => name === result.name) ?? result;
        }),
      );
    },
  };
}

/** The name alone, which chooses a test on the command line. */
function nameOf({ name }: CaseResult): string {
  return name.split(' ')[0] ?? name;
}

/** Reads what libtest (or libtest-mimic) prints. */
export function readLibtest(text: string): CaseResult[] {
  const results = [...text.matchAll(/^test (.+?) +\.\.\. (ok|FAILED|ignored)/gm)].map(
    ([, label = '', said]): CaseResult => {
      const name = label.split('::').at(-1) ?? label;
      if (said === 'ok') return { name, outcome: 'passed', detail: '' };
      if (said === 'FAILED') return { name, outcome: 'failed', detail: failureOf(text, label) };
      return {
        name: name.replace(/ \[missing: .*\]/, ''),
        outcome: 'skipped',
        detail: /missing: [^\]]+/.exec(label)?.[0] ?? '',
      };
    },
  );
  if (results.length === 0)
    throw new ConformanceError('no-result', `no test was named:\n${text.slice(-2000)}`);
  return results.toSorted((a, b) => a.name.localeCompare(b.name));
}

function failureOf(text: string, label: string): string {
  const at = text.indexOf(`---- ${label} ----`);
  if (at < 0) return '';
  const lines = text.slice(at).split('\n').slice(1);
  const end = lines.findIndex((line) => line.startsWith('---- ') || line === 'failures:');
  return lines
    .slice(0, end < 0 ? 6 : Math.min(end, 6))
    .join(' ')
    .trim()
    .slice(0, 400);
}
