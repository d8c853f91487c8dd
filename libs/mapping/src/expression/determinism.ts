import type { CallUse } from './syntax-tree.ts';

/*
 * A mapper that takes over reads a part of the log again and must make the same records of it: positions in
 * OUT and Kafka count them. So an expression may depend on nothing but the message.
 */

const CLOCKS_AND_DICE = new Set(
  'now today clock random rand uuid uuidv4 uuidv7 nanoid hostname env getenv'.split(' '),
);
const CALENDAR = /^get(Date|Day|FullYear|Hours|Milliseconds|Minutes|Month|Seconds)/;

export function determinismProblem(call: CallUse): { message: string; suggestion: string } | null {
  if (CLOCKS_AND_DICE.has(call.name.toLowerCase())) {
    return {
      message: `${call.name}(): an expression gives the same result whenever the log is read, so it has no clock, no random numbers and no environment`,
      suggestion: 'use `received` for the time, and topic, client or payload for identity',
    };
  }
  if (
    call.name === 'getDayOfYear' ||
    (call.method && CALENDAR.test(call.name) && call.arguments.length > 0)
  ) {
    return {
      message: `${call.name}(): the result depends on the time zones of the machine`,
      suggestion: 'use the functions without a time zone; they speak of UTC',
    };
  }
  return null;
}
