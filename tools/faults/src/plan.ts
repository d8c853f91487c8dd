import type { Fault } from './fault.ts';
import { FAULTS } from './faults/table.ts';
import { FaultsError } from './errors.ts';
import { profiles, type ProfileName } from './platform/profiles.ts';
import { Random } from './random.ts';
import type { Row } from './row.ts';

const RANDOM_ROWS = 3;
const FAULTS_IN_A_ROW = 6;

/** Each fault alone, then rows of several in an order that follows from the seed. */
export function allRows(seed: number): Row[] {
  return [...FAULTS.map(alone), ...Array.from({ length: RANDOM_ROWS }, (_, n) => mixed(seed, n + 1))];
}

/** Those that `npm test` runs. */
export function subset(profile: ProfileName): Row[] {
  return FAULTS.filter((fault) => fault.inSubset === true && fault.profile === profile).map(alone);
}

/** Rows by their names; `kill-*` stands for all that begin so. @throws FaultsError 'usage' if one is not there */
export function chosen(rows: readonly Row[], names: readonly string[]): Row[] {
  if (names.length === 0) return [...rows];
  const matches = (row: Row, name: string): boolean =>
    name.endsWith('*') ? row.name.startsWith(name.slice(0, -1)) : row.name === name;
  for (const name of names) {
    if (rows.some((row) => matches(row, name))) continue;
    throw new FaultsError('usage', `there is no row "${name}"; npm run faults -- --list names all`);
  }
  return rows.filter((row) => names.some((name) => matches(row, name)));
}

/** Rows that share a platform, in the order in which they run. */
export function byProfile(rows: readonly Row[]): [profile: ProfileName, rows: Row[]][] {
  return (Object.keys(profiles) as ProfileName[]).flatMap((profile): [ProfileName, Row[]][] => {
    const own = rows.filter((row) => row.profile === profile);
    return own.length === 0 ? [] : [[profile, own]];
  });
}

function alone(fault: Fault): Row {
  return { name: fault.name, title: fault.title, profile: fault.profile, faults: [fault] };
}

function mixed(seed: number, n: number): Row {
  const name = `random-${n}`;
  const mixable = FAULTS.filter(({ mixes, profile }) => mixes === true && profile === 'single');
  const faults = Random.of(seed, name).shuffled(mixable).slice(0, FAULTS_IN_A_ROW);
  return { name, title: faults.map((fault) => fault.name).join(', then '), profile: 'single', faults };
}
