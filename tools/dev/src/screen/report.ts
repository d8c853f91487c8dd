import { TestingError } from '@tributary/testing';
import { DevError } from '../errors.ts';

export const say = (line: string): void => console.log(line);

/**
 * Runs a command's work and ends the process with its exit code; an error that the user can put right is shown without
 * its stack, and ends it with 1.
 */
export async function exitWith(work: () => Promise<number>): Promise<never> {
  try {
    process.exit(await work());
  } catch (error) {
    if (!(error instanceof DevError || error instanceof TestingError)) throw error;
    console.error(error.message);
    process.exit(1);
  }
}
