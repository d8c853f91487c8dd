import { cpus, totalmem } from 'node:os';

/** What figures were measured on. */
export interface Machine {
  processors: number;
  model: string;
  memoryGib: number;
  node: string;
}

export function machine(): Machine {
  const [processor] = cpus();
  return {
    processors: cpus().length,
    model: processor?.model ?? 'unknown',
    memoryGib: totalmem() / 2 ** 30,
    node: process.version,
  };
}

export function machineLine({ processors, model, memoryGib, node }: Machine): string {
  return `${processors} processors (${model}), ${memoryGib.toFixed(0)} GiB, Node ${node}`;
}
