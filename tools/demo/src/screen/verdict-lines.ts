import type { Verdict } from '../verdict/verdict.ts';

/** The verdict for the screen. */
export function verdictLines({ good, checks }: Verdict): string[] {
  return [
    `Verdict: ${good ? 'GOOD' : 'NOT GOOD'}`,
    ...checks.flatMap(({ what, good: holds, samples, note }) => [
      `  ${holds ? 'yes' : 'NO '}  ${what}`,
      ...samples.map((sample) => `         for example ${sample}`),
      ...(note === undefined ? [] : [`         ${note}`]),
    ]),
  ];
}
