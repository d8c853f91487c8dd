import type { Bindings } from '../expression/expression.ts';
import { PropertiesView } from '../expression/properties-view.ts';
import type { VariableName } from '../expression/variables.ts';
import type { TopicValues } from '../topic/topic-match.ts';
import type { CurrentMessage } from './current-message.ts';

const QOS = [0n, 1n, 2n] as const;

/** The variables that differ from message to message, read from whatever message is current. */
export type MessageVariables = Readonly<Record<Exclude<VariableName, 'topic' | 'rest'>, unknown>>;

export function messageVariables(current: CurrentMessage): MessageVariables {
  return {
    get payload() {
      return current.payload();
    },
    get payloadText() {
      return current.payloadText();
    },
    get qos() {
      return QOS[current.message.qos];
    },
    get retain() {
      return current.message.retain;
    },
    get client() {
      return current.message.clientId;
    },
    get properties() {
      return new PropertiesView(current.properties());
    },
    get received() {
      return new Date(current.message.receivedMs);
    },
  };
}

/**
 * The names of a route for one topic. It inherits the variables of the message, so that a cached topic needs
 * no copying per message.
 */
export function bindTopic(variables: MessageVariables, topic: string, values: TopicValues): Bindings {
  const bindings = Object.create(variables) as Record<string, unknown>;
  return Object.assign(bindings, { topic, rest: values.rest }, values.captures);
}
