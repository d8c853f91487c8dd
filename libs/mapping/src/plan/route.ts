import type { Expression } from '../expression/expression.ts';
import type { JsonTemplate } from '../template/json-template.ts';
import type { Template } from '../template/template.ts';
import type { TopicPattern } from '../topic/topic-pattern.ts';

export const errorPolicies = ['deadLetter', 'drop', 'block'] as const;
/** What becomes of a message of which a route can make no record. */
export type ErrorPolicy = (typeof errorPolicies)[number];

export const unmatchedPolicies = ['drop', 'deadLetter'] as const;
/** What becomes of a message that no route takes. */
export type UnmatchedPolicy = (typeof unmatchedPolicies)[number];

export const acknowledgements = ['log', 'kafka'] as const;
/** What the acknowledgement of a PUBLISH of QoS 1 or 2 waits for. */
export type Acknowledgement = (typeof acknowledgements)[number];

export interface HeaderTemplate {
  readonly name: string;
  readonly value: Template;
}

/** A compiled route. */
export interface Route {
  /** Position in the file, from 0. */
  readonly index: number;
  readonly name: string;
  readonly cluster: string;
  readonly pattern: TopicPattern;
  readonly when: Expression | null;
  readonly topic: Template;
  /** The only Kafka topics the route may produce to. */
  readonly topics: readonly string[];
  /** Null: records without a key. */
  readonly key: Template | null;
  /** Null: the payload, untouched. */
  readonly value: Template | JsonTemplate | null;
  readonly headers: readonly HeaderTemplate[];
  readonly onError: ErrorPolicy;
  /** Every message that the pattern matches waits, whatever the condition says. */
  readonly ack: Acknowledgement;
}
