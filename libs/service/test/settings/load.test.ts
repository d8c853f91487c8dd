import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import {
  SettingsError,
  commonSettings,
  defineSettings,
  environmentName,
  loadSettings,
} from '../../src/mod.ts';
import { describeConfig } from '../../src/settings/load.ts';

const settings = defineSettings({
  'nats.servers': { type: 'list', default: ['nats://127.0.0.1:4222'], doc: 'Servers.' },
  'log.lingerMs': { type: 'integer', unit: 'ms', default: 5, min: 0, max: 1000, doc: 'Wait.' },
  'log.ratio': { type: 'number', default: 0.5, min: 0, max: 1, doc: 'Share.' },
  'kafka.cluster': {
    type: 'string',
    required: true,
    pattern: /^[a-z]+$/,
    form: 'small letters',
    doc: 'Cluster.',
  },
  'kafka.password': {
    type: 'string',
    secret: true,
    pattern: /^.{8,}$/,
    form: 'at least 8 characters',
    doc: 'Secret.',
  },
  'kafka.driver': { type: 'choice', values: ['kafkajs', 'platformatic'], default: 'kafkajs', doc: 'Driver.' },
  'kafka.createTopics': { type: 'boolean', default: false, doc: 'Create.' },
});

const folder = mkdtempSync(join(tmpdir(), 'tributary-settings-'));
after(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

function problemsOf(environment: Record<string, string>): string[] {
  try {
    loadSettings(settings, environment);
  } catch (error) {
    assert.ok(error instanceof SettingsError);
    return error.problems.map(({ source, message }) => `${source.replace(folder + '/', '')}: ${message}`);
  }
  return [];
}

const required = { TRIBUTARY_KAFKA_CLUSTER: 'main' };

test('a key has one environment variable', () => {
  assert.equal(environmentName('log.lingerMs'), 'TRIBUTARY_LOG_LINGER_MS');
  assert.equal(environmentName('nats.tlsCaFile'), 'TRIBUTARY_NATS_TLS_CA_FILE');
  assert.equal(environmentName('http.port'), 'TRIBUTARY_HTTP_PORT');
});

test('defaults, with the types of the declaration', () => {
  const config = loadSettings(settings, required);
  const linger: number = config['log.lingerMs'];
  const driver: 'kafkajs' | 'platformatic' = config['kafka.driver'];
  const cluster: string = config['kafka.cluster'];
  const password: string | undefined = config['kafka.password'];
  const create: boolean = config['kafka.createTopics'];
  const servers: readonly string[] = config['nats.servers'];
  assert.deepEqual(
    [linger, driver, cluster, password, create, servers],
    [5, 'kafkajs', 'main', undefined, false, ['nats://127.0.0.1:4222']],
  );
});

test('the environment goes before the file, the file before the default', () => {
  const path = file(
    'order.yaml',
    'log:\n  lingerMs: 7\n  ratio: 0.25\nkafka.cluster: fromfile\nnats: { servers: [a, b] }\n',
  );
  const config = loadSettings(settings, { TRIBUTARY_CONFIG_FILE: path, TRIBUTARY_LOG_LINGER_MS: '9' });
  assert.equal(config['log.lingerMs'], 9);
  assert.equal(config['log.ratio'], 0.25);
  assert.equal(config['kafka.cluster'], 'fromfile');
  assert.deepEqual(config['nats.servers'], ['a', 'b']);
  assert.equal(config['kafka.createTopics'], false);
});

test('a JSON file will do', () => {
  const path = file('settings.json', '{"kafka": {"cluster": "main", "createTopics": true}}');
  assert.equal(loadSettings(settings, { TRIBUTARY_CONFIG_FILE: path })['kafka.createTopics'], true);
});

test('an empty variable is not set, other variables are not ours', () => {
  const config = loadSettings(settings, {
    ...required,
    TRIBUTARY_LOG_LINGER_MS: '',
    PATH: '/bin',
    TRIB: 'x',
  });
  assert.equal(config['log.lingerMs'], 5);
});

const texts: readonly (readonly [key: keyof typeof settings, text: string, value: unknown])[] = [
  ['nats.servers', ' a , b,', ['a', 'b']],
  ['log.lingerMs', '1000', 1000],
  ['log.lingerMs', '1e2', 100],
  ['log.ratio', '.5', 0.5],
  ['kafka.createTopics', 'true', true],
  ['kafka.driver', 'platformatic', 'platformatic'],
];
for (const [key, text, value] of texts) {
  test(`${key} takes "${text}" from the environment`, () => {
    assert.deepEqual(loadSettings(settings, { ...required, [environmentName(key)]: text })[key], value);
  });
}

const wrong: readonly (readonly [key: keyof typeof settings, text: string, message: string])[] = [
  ['log.lingerMs', 'abc', 'log.lingerMs must be an integer from 0 to 1000 (ms), not "abc"'],
  ['log.lingerMs', '1.5', 'log.lingerMs must be an integer from 0 to 1000 (ms), not "1.5"'],
  ['log.lingerMs', '-1', 'log.lingerMs must be an integer from 0 to 1000 (ms), not "-1"'],
  ['log.lingerMs', '0x10', 'log.lingerMs must be an integer from 0 to 1000 (ms), not "0x10"'],
  ['log.ratio', 'Infinity', 'log.ratio must be a number from 0 to 1, not "Infinity"'],
  ['kafka.createTopics', 'yes', 'kafka.createTopics must be true or false, not "yes"'],
  ['kafka.driver', 'rdkafka', 'kafka.driver must be one of kafkajs, platformatic, not "rdkafka"'],
  ['kafka.cluster', 'Main', 'kafka.cluster must be small letters, not "Main"'],
  ['kafka.password', 'hunter2', 'kafka.password must be at least 8 characters, not what was found'],
];
for (const [key, text, message] of wrong) {
  test(`${key} refuses "${text}"`, () => {
    const variable = environmentName(key);
    assert.deepEqual(problemsOf({ ...required, [variable]: text }), [`${variable}: ${message}`]);
  });
}

test('everything wrong is reported at once, from the environment and the file, with its place', () => {
  const path = file('wrong.yaml', 'log:\n  lingerMs: soon\n  lingerms: 3\nkafka:\n  createTopics: "true"\n');
  const found = problemsOf({
    TRIBUTARY_CONFIG_FILE: path,
    TRIBUTARY_NATS_SERVER: 'x',
    TRIBUTARY_LOG_RATIO: '2',
  });
  assert.deepEqual(found, [
    'TRIBUTARY_NATS_SERVER: no such setting; did you mean TRIBUTARY_NATS_SERVERS (nats.servers)?',
    'TRIBUTARY_LOG_RATIO: log.ratio must be a number from 0 to 1, not "2"',
    'wrong.yaml:2: log.lingerMs must be an integer from 0 to 1000 (ms), not "soon"',
    'wrong.yaml:3: no such setting log.lingerms; did you mean log.lingerMs?',
    'wrong.yaml:5: kafka.createTopics must be true or false, not "true"',
    'kafka.cluster: required and not set; set TRIBUTARY_KAFKA_CLUSTER or kafka.cluster in a configuration file (Cluster.)',
  ]);
});

test('a file that is no YAML, no map or not there is a problem like any other', () => {
  assert.match(
    problemsOf({ ...required, TRIBUTARY_CONFIG_FILE: join(folder, 'none.yaml') }).join(),
    /cannot be read/,
  );
  assert.deepEqual(problemsOf({ ...required, TRIBUTARY_CONFIG_FILE: file('list.yaml', '- a\n') }), [
    'list.yaml: must be a map of settings',
  ]);
  assert.match(
    problemsOf({
      ...required,
      TRIBUTARY_CONFIG_FILE: file('twice.yaml', 'log.ratio: 1\nlog.ratio: 0\n'),
    }).join(),
    /^twice\.yaml:2: Map keys must be unique/,
  );
  assert.deepEqual(problemsOf({ ...required, TRIBUTARY_CONFIG_FILE: file('empty.yaml', '# nothing\n') }), []);
});

test('a misspelt process variable is pointed out', () => {
  assert.deepEqual(problemsOf({ ...required, TRIBUTARY_CONFIG_FILES: 'x.yaml' }), [
    'TRIBUTARY_CONFIG_FILES: no such setting; did you mean TRIBUTARY_CONFIG_FILE?',
  ]);
});

test('settings that share a variable, or a default that is not allowed, are defects of the declaration', () => {
  const clash = defineSettings({
    'a.bC': { type: 'boolean', doc: '.' },
    'a.b.c': { type: 'boolean', doc: '.' },
  });
  assert.throws(
    () => loadSettings(clash, {}),
    /settings a\.bC and a\.b\.c share the variable TRIBUTARY_A_B_C/,
  );
  const low = defineSettings({ a: { type: 'integer', min: 1, default: 0, doc: '.' } });
  assert.throws(() => loadSettings(low, {}), /the default of a is not an integer of at least 1/);
});

test('what is shown of the settings: not the defaults, not the secrets', () => {
  const config = loadSettings(settings, { ...required, TRIBUTARY_KAFKA_PASSWORD: 'correct horse' });
  assert.deepEqual(describeConfig(settings, config), {
    'kafka.cluster': 'main',
    'kafka.password': '(hidden)',
  });
});

test('the common settings load from nothing', () => {
  assert.equal(loadSettings(commonSettings, {})['log.level'], 'info');
});
