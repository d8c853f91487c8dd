import { readFileSync } from 'node:fs';

/**
 * Whether a process with this id runs. One that belongs to somebody else counts; one that has ended and is kept only
 * until its parent asks for its exit code does not (in a container nobody may ever ask).
 */
export function alive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
  return stateOf(pid) !== 'Z';
}

/**
 * The fields of /proc/<pid>/stat, or of one of its threads, behind the program's name, which stands in parentheses and
 * may hold anything.
 */
export function statFields(pid: number, thread?: string): string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/${thread === undefined ? '' : `task/${thread}/`}stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    // Not Linux, or the process has just gone.
    return [];
  }
}

function stateOf(pid: number): string | undefined {
  return statFields(pid)[0];
}
