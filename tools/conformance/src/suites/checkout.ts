import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '@tributary/testing';
import { ConformanceError } from '../errors.ts';

/** A suite of others, as its repository has it. None of it is part of ours. */
export class Checkout {
  readonly folder: string;
  readonly repository: string;

  /** @throws ConformanceError 'no-checkout' if `folder` does not hold `expected` */
  constructor(folder: string, repository: string, expected: string) {
    if (!existsSync(join(folder, expected))) {
      throw new ConformanceError(
        'no-checkout',
        `${folder} is not a checkout of ${repository}: no ${expected}`,
      );
    }
    this.folder = folder;
    this.repository = repository;
  }

  /** `owner/name@commit`, with the day of the commit. */
  async source(): Promise<string> {
    const { stdout } = await run('git', ['-C', this.folder, 'log', '-1', '--format=%h of %cs']);
    return `${this.repository} ${stdout.trim()}`;
  }
}
