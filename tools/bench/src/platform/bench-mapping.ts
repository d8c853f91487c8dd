export const KAFKA_TOPIC = 'bench.messages';

/** What a user would write: every device's messages into one topic, with the device as key. Headers are the default ones. */
export const BENCH_MAPPING = `version: 1
clusters:
  main:
    brokers: ['\${env:KAFKA_BROKERS}']
defaults:
  cluster: main
  onError: deadLetter
routes:
  - name: bench
    from:
      mqtt: bench/{device}/#
    to:
      kafka: ${KAFKA_TOPIC}
      key: \${device}
`;
