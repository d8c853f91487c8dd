/** Runs a step that may take long and tells the user so. */
export type Progress = <T>(what: string, work: () => Promise<T>) => Promise<T>;

const REMINDER_MS = 10_000;

/** Says each step as it begins, again every ten seconds with the time it has taken, and when it has ended. */
export function progressTo(say: (line: string) => void): Progress {
  return async (what, work) => {
    const began = performance.now();
    const elapsed = () => `${((performance.now() - began) / 1000).toFixed(1)} s`;
    say(`${what} ...`);
    const reminder = setInterval(() => say(`${what} ... ${elapsed()}`), REMINDER_MS);
    try {
      const result = await work();
      say(`${what}: done in ${elapsed()}`);
      return result;
    } finally {
      clearInterval(reminder);
    }
  };
}

/** For test files: their standard output belongs to the test runner. */
export const progressOnStderr: Progress = progressTo((line) => process.stderr.write(`${line}\n`));
