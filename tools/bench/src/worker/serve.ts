import type { Contract, Reply, Request } from './contract.ts';

export type Handlers<C extends Contract> = {
  readonly [K in keyof C & string]: (argument: C[K]['argument']) => C[K]['answer'] | Promise<C[K]['answer']>;
};

/** The plan that this worker process was started with. */
export function planOf<Plan extends object>(): Plan {
  return JSON.parse(process.argv[2] ?? '{}') as Plan;
}

/** Answers the process that started this one, and ends with it. */
export function serve<C extends Contract>(handlers: Handlers<C>): void {
  process.on('message', (message) => void answer(handlers, message as Request));
  // exit() and not a signal: a profile of this process is written then.
  process.on('disconnect', () => process.exit(0));
}

async function answer<C extends Contract>(
  handlers: Handlers<C>,
  { id, command, argument }: Request,
): Promise<void> {
  let reply: Reply;
  try {
    const handler = handlers[command];
    if (handler === undefined) throw new Error(`no command ${command}`);
    reply = { id, answer: await handler(argument) };
  } catch (error) {
    reply = { id, failure: error instanceof Error ? error.message : String(error) };
  }
  if (process.connected) process.send?.(reply);
}
