/** The commands of a worker: what each takes and what it answers. */
export type Contract = Record<string, { argument: unknown; answer: unknown }>;

export interface Request {
  id: number;
  command: string;
  argument: unknown;
}

export type Reply = { id: number; answer: unknown } | { id: number; failure: string };
