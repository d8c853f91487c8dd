import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TemporaryFolder, until, type Proc } from '@tributary/testing';
import type { Fault } from '../fault.ts';
import { holder } from './freeze.ts';

const OFFSETS_MS = [60_000, -60_000];
/** Longer than a lease is renewed. */
const WRONG_MS = 3_000;
const SERVICES = ['topic-mapper', 'kafka-egress'] as const;
const PRELOAD = new URL('../clock/shifted-clock.ts', import.meta.url).href;

/** The wall clock of lease holders a minute off, ahead and then behind. */
export const clockJump: Fault = {
  name: 'clock-jump',
  title: 'the wall clock of lease holders a minute ahead, then a minute behind',
  profile: 'single',
  repeats: true,
  inject: async (scene) => {
    const { services } = scene.platform;
    using folder = new TemporaryFolder('clock');
    const file = join(folder.path, 'offset');
    writeFileSync(file, '0');
    const options = { nodeArgs: ['--import', PRELOAD], env: { FAULTS_CLOCK_FILE: file } };
    const names = SERVICES.map((service) => `${service}-3`);
    const facts: string[] = [];
    try {
      const procs = await Promise.all(SERVICES.map((service, n) => services.add(service, names[n], options)));
      for (const name of names) await holder(scene, [name]);
      for (const offset of OFFSETS_MS) {
        await scene.strike(() => setOffset(file, offset));
        for (const proc of procs) facts.push(await wrongBy(proc, file));
        await scene.pause(WRONG_MS);
      }
      for (const name of names) await holder(scene, [name]);
    } finally {
      for (const name of names.filter((one) => services.names.includes(one))) await services.remove(name);
    }
    return facts;
  },
};

/** Whole or not at all: half a number would be another time. */
function setOffset(file: string, offsetMs: number): void {
  writeFileSync(`${file}.new`, String(offsetMs));
  renameSync(`${file}.new`, file);
}

async function wrongBy({ name, pid }: Proc, file: string): Promise<string> {
  const said = `${file}.${pid}`;
  await until(() => existsSync(said), { what: `the clock of ${name} has jumped` });
  const off = Math.round((Date.parse(readFileSync(said, 'utf8')) - Date.now()) / 1_000);
  rmSync(said);
  if (Math.abs(off) < 50) throw new Error(`the clock of ${name} is off by ${off} s only`);
  return `a ${name} with leases has its clock off by ${off > 0 ? '+' : ''}${off} s`;
}
