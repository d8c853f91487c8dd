import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';
import { ESLint } from 'eslint';
import { root } from './workspace-root.ts';

const rule = '@nx/enforce-module-boundaries';
const eslint = new ESLint({
  cwd: root,
  // With CI set, typescript-eslint would take a file's text from the disk instead of the one it is given.
  overrideConfig: { languageOptions: { parserOptions: { disallowAutomaticSingleRunInference: true } } },
});

/** Some source file of a project, by its path from the root. */
async function sourceOf(project: string): Promise<string> {
  const files = await readdir(join(root, project, 'src'), { recursive: true });
  const file = files.toSorted().find((name) => name.endsWith('.ts') && !name.startsWith('gen'));
  assert.ok(file, `${project} has source`);
  return join(project, 'src', file);
}

/** What the boundary rule says about statements, if they stood in a source file of the project. */
async function lint(project: string, text: string): Promise<string[]> {
  const [result] = await eslint.lintText(`${text}\n`, { filePath: join(root, await sourceOf(project)) });
  return (result?.messages ?? []).filter(({ ruleId }) => ruleId === rule).map(({ message }) => message);
}

const byPath = /Projects cannot be imported by a relative or absolute path/;
const byName = /Only packages defined in the "package.json" can be imported/;
const contracts = /A project tagged with "type:contract" cannot depend on any libs with tags/;

/** `into` is imported by path if it is a folder, else by name. */
const forbidden: readonly (readonly [project: string, into: string, message: RegExp])[] = [
  ['apps/kafka-egress', 'apps/mqtt-ingress', byPath],
  ['apps/kafka-egress', '@tributary/mqtt-ingress', byName],
  ['apps/kafka-egress', 'libs/log', byPath],
  ['libs/telemetry', 'apps/kafka-egress', byPath],
  ['libs/telemetry', 'tools/generators', byPath],
  ['libs/telemetry', '@tributary/generators', byName],
  ['tools/generators', 'apps/kafka-egress', byPath],
  ['libs/contracts', '@tributary/telemetry', contracts],
  ['libs/contracts', 'libs/telemetry', byPath],
  ['libs/telemetry', 'kafkajs', byName],
];

for (const [project, into, message] of forbidden) {
  test(`lint fails when ${project} imports ${into}`, async () => {
    const isFolder = /^(apps|libs|tools)\//.test(into);
    const specifier = isFolder ? relative(dirname(await sourceOf(project)), await sourceOf(into)) : into;
    const messages = await lint(project, `import '${specifier}';`);
    assert.equal(messages.length, 1, `one finding, not ${JSON.stringify(messages)}`);
    assert.match(messages[0] ?? '', message);
  });
}

const allowed: readonly (readonly [project: string, text: string])[] = [
  ['apps/kafka-egress', "import '@tributary/service';\nimport '@tributary/contracts';"],
  ['libs/service', "import '@tributary/telemetry';"],
  ['tools/generators', "import '@tributary/telemetry';"],
];

for (const [project, text] of allowed) {
  test(`lint passes when ${project} says ${text.replaceAll('\n', ' ')}`, async () => {
    assert.deepEqual(await lint(project, text), []);
  });
}
