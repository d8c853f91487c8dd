/** A mapping as a fleet would have it: captures, a condition on the topic, a key and a header. */
export const fleetMapping = `version: 1
clusters:
  main: { brokers: ["kafka:9092"] }
routes:
  - name: positions
    from: { mqtt: "fleet/{region}/{vehicle}/position" }
    to:
      kafka: positions
      key: \${region}/\${vehicle}
      headers: { region: "\${region}" }
`;
