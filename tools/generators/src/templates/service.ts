import { manifest, tsconfig } from './template.ts';
import type { Files, ProjectName } from './template.ts';

/** A service that starts, is ready, and stops: see the README of libs/service for what it can do from here. */
export function serviceFiles(name: ProjectName, version: string): Files {
  return {
    'package.json': manifest({
      name,
      version,
      tags: ['type:app', `scope:${name.kebab}`],
      exported: false,
      dependencies: ['@tributary/service'],
    }),
    'tsconfig.json': tsconfig(['libs/service']),
    'README.md': readme(name),
    'src/main.ts': main,
    'src/config.ts': config(name),
    'src/declaration.ts': declaration(name),
    'test/declaration.test.ts': test(name),
  };
}

const main = `import { runService } from '@tributary/service';
import { declaration } from './declaration.ts';

await runService(declaration);
`;

function config({ kebab, camel }: ProjectName): string {
  return `import { commonSettings, defineSettings } from '@tributary/service';

/** Every setting of ${kebab}. docs/settings.md is generated from it: npm run docs. */
export const settings = {
  ...commonSettings,
  ...defineSettings({
    '${camel}.intervalMs': {
      type: 'integer',
      unit: 'ms',
      default: 1_000,
      min: 10,
      max: 60_000,
      doc: 'How often the service does what it is for.',
    },
  }),
};
`;
}

function declaration({ kebab, camel }: ProjectName): string {
  return `import type { ServiceDeclaration } from '@tributary/service';
import { settings } from './config.ts';

/** The service: what it opens, what it shows of itself, how it stops. */
export const declaration: ServiceDeclaration<typeof settings> = {
  name: '${kebab}',
  settings,
  async start(service) {
    let rounds = 0;
    const timer = setInterval(() => {
      rounds += 1;
    }, service.config['${camel}.intervalMs']);
    service.onStop('timer', () => clearInterval(timer));
    service.admin.status('timer', () => ({ rounds }));
  },
};
`;
}

function test({ kebab, camel }: ProjectName): string {
  return `import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ServiceProcess } from '@tributary/service';
import { declaration } from '../src/declaration.ts';

test('${kebab} becomes ready and stops in order', async () => {
  const environment = { TRIBUTARY_LOG_LEVEL: 'fatal' };
  await using service = new ServiceProcess(declaration, { environment });
  await service.start();
  const { status } = await fetch(\`http://\${String(service.endpoints['http'])}/readyz\`);
  assert.equal(status, 200);
  assert.equal(await service.stop('test'), 'clean');
});

test('${kebab} refuses an interval that makes no sense', () => {
  const environment = { TRIBUTARY_${constantCase(camel)}_INTERVAL_MS: '0' };
  assert.throws(() => new ServiceProcess(declaration, { environment }), /${camel}\\.intervalMs must be an integer/);
});
`;
}

function readme({ kebab }: ProjectName): string {
  return `# ${kebab}

What this service owns, what it reads and what it writes.

Settings: [\`docs/settings.md\`](../../docs/settings.md#${kebab}). Tests: \`npm test -w @tributary/${kebab}\`.
`;
}

function constantCase(camel: string): string {
  return camel.replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2').toUpperCase();
}
