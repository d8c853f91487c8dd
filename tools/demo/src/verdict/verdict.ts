import type { Ledger } from './ledger.ts';

/** One thing that was promised, and whether it held. */
export interface Check {
  readonly what: string;
  readonly good: boolean;
  /** Examples of what is wrong. */
  readonly samples: readonly string[];
  /** What it may come from. */
  readonly note?: string;
}

export interface Verdict {
  readonly good: boolean;
  readonly checks: readonly Check[];
}

export interface Circumstances {
  readonly qos: 0 | 1 | 2;
  /** Publishes that were answered with an error. */
  readonly refused: number;
  /** False if the replay was given up because acknowledgements no longer came. */
  readonly answered: boolean;
  /** The user ended the replay before its end. */
  readonly early: boolean;
  /** What ended and was started again meanwhile, of all that may make kafka-egress deliver again. */
  readonly restarted: readonly string[];
}

const REPEATED =
  'With "delivery: at-least-once", kafka-egress repeats what it sent last after it lost its lease; no process was seen to end.';

/** What the gateway promises, held against what a ledger knows. */
export function judge(ledger: Ledger, { qos, refused, answered, early, restarted }: Circumstances): Verdict {
  const { published, acknowledged, inKafka, missing, unknown, disorder, resent } = ledger.totals;
  const { duplicates, redelivered, repeats } = ledger;
  // At least once: who was started again does not know what its last send became, and sends it again.
  const allowed = restarted.length > 0 ? redelivered : 0;
  const tooMany = duplicates - allowed;
  const open = published - acknowledged - refused;
  const resentToo =
    resent === 0 ? '' : ` (${count(resent, 'packet')} sent again, ${n(repeats)} arrived twice)`;
  const delivery =
    qos === 0
      ? check(published > 0, `${n(inKafka)} of ${n(published)} messages in Kafka (QoS 0 promises none)`)
      : check(
          missing === 0 && acknowledged > 0,
          missing === 0
            ? `all ${n(acknowledged)} acknowledged messages are in Kafka`
            : `${n(missing)} of ${n(acknowledged)} acknowledged messages are NOT in Kafka`,
          ledger.missing(),
        );
  const answers =
    refused > 0
      ? [check(false, `${n(refused)} publishes were refused`)]
      : qos > 0 && open > 0
        ? [
            check(
              answered || early,
              `${n(open)} of ${n(published)} messages were not acknowledged${early ? ', ended early' : ''}`,
            ),
          ]
        : [];
  const checks = [
    ...answers,
    delivery,
    ...(allowed > 0
      ? [
          check(
            true,
            `repeated by at-least-once delivery after a restart of ${restarted.join(', ')}: ${count(allowed, 'record')}`,
          ),
        ]
      : []),
    {
      ...(tooMany > 0 && restarted.length === 0 && redelivered > 0 && { note: REPEATED }),
      ...check(
        tooMany === 0,
        tooMany === 0
          ? `none ${allowed > 0 ? 'else ' : ''}twice unless its device sent it again${resentToo}`
          : `${count(tooMany, 'record')} too many: their devices sent them less often${resentToo}`,
        tooMany === 0 ? [] : ledger.duplicated(),
      ),
    },
    check(
      disorder === 0,
      disorder === 0
        ? `in order within each of ${count(ledger.keys, 'key')}`
        : `${count(disorder, 'record')} out of order within their keys`,
      ledger
        .disordered()
        .map(({ kafkaTopic, key, mqttTopic }) => `${kafkaTopic} key ${key ?? '(none)'}: ${mqttTopic}`),
    ),
    ...(unknown > 0 ? [check(false, `${count(unknown, 'record')} that no device sent`)] : []),
  ];
  return { good: checks.every(({ good }) => good), checks };
}

function check(good: boolean, what: string, samples: readonly string[] = []): Check {
  return { what, good, samples: good ? [] : samples };
}

function n(value: number): string {
  return value.toLocaleString('en-US');
}

function count(value: number, noun: string): string {
  return `${n(value)} ${noun}${value === 1 ? '' : 's'}`;
}
