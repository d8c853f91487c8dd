import { randomBytes } from 'node:crypto';

/** A name that no other test uses, for topics, groups and client ids on shared servers: `orders-3f9c2a71d0`. */
export function uniqueName(prefix: string): string {
  return `${prefix}-${randomBytes(5).toString('hex')}`;
}
