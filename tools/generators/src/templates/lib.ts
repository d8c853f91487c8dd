import { manifest, tsconfig } from './template.ts';
import type { Files, ProjectName } from './template.ts';

/** A library with its errors and its one public module. */
export function libFiles(name: ProjectName, version: string): Files {
  return {
    'package.json': manifest({
      name,
      version,
      tags: ['type:lib', 'scope:shared'],
      exported: true,
      dependencies: [],
    }),
    'tsconfig.json': tsconfig([]),
    'README.md': `# ${name.package}\n\nWhat this library is for, and what it promises.\n`,
    'src/mod.ts': `export { ${name.pascal}Error } from './errors.ts';\n`,
    'src/errors.ts': errors(name),
    'test/errors.test.ts': test(name),
  };
}

function errors({ pascal, kebab }: ProjectName): string {
  return `/** What can go wrong in ${kebab}; callers look at \`code\`, never at the text. */
export class ${pascal}Error extends Error {
  override readonly name = '${pascal}Error';
  readonly code: string;
  /** True if the same call may succeed later. */
  readonly retryable: boolean;

  constructor(code: string, message: string, options: ErrorOptions & { readonly retryable?: boolean } = {}) {
    super(message, options);
    this.code = code;
    this.retryable = options.retryable ?? false;
  }
}
`;
}

function test({ pascal }: ProjectName): string {
  return `import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ${pascal}Error } from '../src/mod.ts';

test('an error says whether to try again and what caused it', () => {
  const cause = new Error('connection reset');
  const error = new ${pascal}Error('AWAY', 'the server is away', { cause, retryable: true });
  assert.deepEqual([error.code, error.retryable, error.cause], ['AWAY', true, cause]);
  assert.equal(new ${pascal}Error('BAD_INPUT', 'no such thing').retryable, false);
});
`;
}
