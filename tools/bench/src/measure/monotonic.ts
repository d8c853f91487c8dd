// performance.now() reads CLOCK_MONOTONIC and subtracts the start of its process: with the start added back, processes of
// one machine read the same clock, without the bigint that process.hrtime.bigint() would allocate for every message.
const originUs = Number(process.hrtime.bigint()) / 1_000 - performance.now() * 1_000;

/** The machine's monotonic clock in microseconds: the same for all processes. */
export function monotonicUs(): number {
  return originUs + performance.now() * 1_000;
}
