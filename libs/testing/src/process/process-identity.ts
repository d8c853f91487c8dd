import { alive, statFields } from './alive.ts';

/** Names this process so that a later one with the same process id is not taken for it. */
export function thisProcess(): string {
  return `${process.pid} ${startOf(process.pid)}`;
}

/** Whether the process that gave itself this name still runs. */
export function sameProcess(identity: string): boolean {
  const [pid, start] = identity.split(' ');
  return alive(Number(pid)) && start === startOf(Number(pid));
}

// Field 22 of /proc/<pid>/stat: clock ticks between the boot of the system and the start of the process. Where there is
// no /proc the process id alone must do.
function startOf(pid: number): string {
  return statFields(pid)[19] ?? '';
}
