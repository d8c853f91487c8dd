export type Severity = 'error' | 'warning';

interface FindingKind {
  readonly severity: Severity;
  /** One sentence for the reference in docs/mapping.md. */
  readonly about: string;
}

const error = (about: string): FindingKind => ({ severity: 'error', about });
const warning = (about: string): FindingKind => ({ severity: 'warning', about });

/** Every finding there is. Codes are stable: programs and people search for them. */
export const findingTable = {
  // The file
  'file-too-large': error('The file is larger than a mapping version may be.'),
  'file-not-utf8': error('The file is not UTF-8 text.'),
  'file-empty': error('The file says nothing.'),

  // YAML
  'yaml-syntax': error('The file is not YAML, and none of the usual causes below explains it.'),
  'yaml-tab': error('A line is indented with a tab.'),
  'yaml-documents': error('The file holds more than one YAML document.'),
  'yaml-braces': error('An unquoted value begins with `{`, which YAML reads as a map.'),
  'yaml-brackets': error('An unquoted value begins with `[`, which YAML reads as a list.'),
  'yaml-quotes': error('Text follows a quoted value, so YAML ends the value too early.'),
  'yaml-tag': error('An unquoted value begins with `!`, which YAML reads as a tag.'),
  'yaml-anchor': error('Anchors (`&`), aliases (`*`) and merge keys (`<<`) are not part of the language.'),
  'yaml-reserved': error('An unquoted value begins with a character that YAML reserves.'),
  'yaml-block': error(
    'Text stands on the line of a `|` or `>` block, or a value begins with one by accident.',
  ),
  'yaml-colon': error('An unquoted value contains a colon and a space, which YAML reads as a key.'),
  'yaml-flow-template': error('An unquoted `${}` stands inside `{ }` or `[ ]`, where it ends at its brace.'),
  'yaml-hash': error('A value is empty because `#` begins a comment.'),
  'yaml-escape': error('A double-quoted value contains an escape that YAML does not know.'),
  'yaml-key': error('A key is not plain text.'),

  // Structure
  'duplicate-key': error('A key occurs twice in one map.'),
  'unknown-key': error('A key does not exist at this place.'),
  'missing-key': error('A required key is missing.'),
  'wrong-type': error('A value has the wrong form, say a list where text is expected.'),
  'wrong-value': error('A value is not one of those allowed.'),
  'version-unsupported': error('The version of the language is not 1.'),

  // Clusters
  'cluster-name': error('A cluster has a name that cannot be part of a subject.'),
  'broker-address': error('A broker is not given as `host:port`.'),
  'env-reference': error('A reference to the environment is not written `${env:NAME}`.'),
  'env-outside-clusters': error('`${env:NAME}` stands outside `clusters`.'),
  'secret-in-file': warning('A password or private key is written in the file.'),
  'unknown-cluster': error('A route or default names a cluster that is not declared.'),
  'cluster-not-chosen': error('A route has no cluster, and there is no default.'),
  'unused-cluster': warning('No route produces to a declared cluster.'),

  // Routes
  'no-routes': warning('The mapping has no routes, so nothing reaches Kafka.'),
  'route-name': error('A route has a name that cannot be part of a subject.'),
  'duplicate-route-name': error('Two routes have the same name.'),
  'route-repeated': warning('A route repeats another: each message it matches is produced twice.'),
  'route-never-applies': warning('The condition of a route is always false.'),
  'kafka-to-mqtt-not-yet': error('The way from Kafka to MQTT is part of the language but not yet available.'),
  'ack-kafka-not-yet': error('`ack: kafka` is part of the language but not yet available.'),

  // Topic filters
  'filter-empty': error('A topic filter is empty.'),
  'filter-wildcard': error('`+` or `#` is only a part of a level.'),
  'filter-hash-not-last': error('`#` is not the last level.'),
  'filter-capture': error('A capture is not a whole level of the form `{name}`.'),
  'filter-template': error('`${}` stands in a topic filter.'),
  'filter-shared': error('A topic filter begins with `$share`.'),
  'filter-characters': error('A topic filter contains NUL or is longer than 65,535 bytes.'),
  'duplicate-capture': error('Two captures of a filter have the same name.'),
  'reserved-capture': error('A capture has a name that means something else in expressions.'),

  // Templates and expressions
  'template-syntax': error('A `${` has no `}`, or nothing between them.'),
  'template-without-dollar': error('A template names a capture without `${}` around it.'),
  'expression-syntax': error('An expression is not CEL.'),
  'unknown-name': error('An expression uses a name that is neither a capture nor a variable.'),
  'unknown-function': error('An expression calls a function that does not exist.'),
  'not-deterministic': error('An expression could give another result when the log is read again.'),
  'expression-type': error('The types in an expression do not fit together.'),
  'expression-pattern': error('The pattern of `matches` is not a regular expression.'),
  'when-not-boolean': error('The result of `when` is not true or false.'),

  // Kafka
  'kafka-topic-name': error('A Kafka topic has a name that Kafka refuses.'),
  'kafka-topic-collision': error('Two topics of a cluster differ only in `.` and `_`, which Kafka refuses.'),
  'topics-missing': error('The Kafka topic depends on the message, and `topics` does not bound it.'),
  'topics-incomplete': error('The constant Kafka topic is missing in `topics`.'),
  'topics-unreachable': warning('The template can never produce a name that `topics` lists.'),
  'header-name': error('A header has a name longer than 65,535 bytes.'),
  'header-reserved': warning('A header has the name of one that every record carries.'),

  // Tests
  'message-topic': error('The topic of a test message is not a topic a client could publish to.'),
  'test-failed': error('A test of the file gives another result than it expects.'),
} satisfies Record<string, FindingKind>;

export type FindingCode = keyof typeof findingTable;
