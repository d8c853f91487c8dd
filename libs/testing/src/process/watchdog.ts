import { spawn, type ChildProcess } from 'node:child_process';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';

// A shell that outlives us by a moment. It learns of each child and temporary folder through its standard input; the
// kernel closes that pipe however we end, SIGKILL included, and the shell then removes what is still registered. This
// is what PR_SET_PDEATHSIG would do, but it works on every POSIX system and survives the exec of set-uid programs.
const SCRIPT = `
trap '' INT TERM HUP
list=''
while IFS= read -r line; do
  case $line in
    +*) list="$list\${line#+}
" ;;
    -*) list=$(printf '%s' "$list" | grep -vxF -e "\${line#-}"); [ -z "$list" ] || list="$list
" ;;
  esac
done
printf '%s' "$list" | while IFS= read -r entry; do
  case $entry in pid:*) kill -KILL "\${entry#pid:}" 2>/dev/null ;; container:*) docker rm -f "\${entry#container:}" >/dev/null 2>&1 ;; esac
done
printf '%s' "$list" | while IFS= read -r entry; do
  case $entry in folder:*) rm -rf -- "\${entry#folder:}" ;; esac
done
`;

type Entry = `pid:${number}` | `container:${string}` | `folder:${string}`;

let shell: ChildProcess | undefined;

/** Has `entry` killed or removed should this process die without doing so itself. Returns what takes it back. */
export function guard(entry: Entry): () => void {
  tell(`+${entry}`);
  let guarded = true;
  return () => {
    if (guarded) tell(`-${entry}`);
    guarded = false;
  };
}

function tell(line: string): void {
  shell ??= start();
  shell.stdin?.write(`${line}\n`);
}

function start(): ChildProcess {
  // Its own session: a Ctrl-C meant for us must not end it before it has done its work.
  const child = spawn('sh', ['-c', SCRIPT], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
    cwd: tmpdir(),
  });
  child.on('error', () => undefined);
  child.stdin.on('error', () => undefined);
  child.unref();
  // A pipe of a child is a socket, whatever its declared type says; only sockets can be unreferenced.
  if (child.stdin instanceof Socket) child.stdin.unref();
  return child;
}
