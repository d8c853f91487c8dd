/** Longer pauses of the recording are cut to this. */
export const LONGEST_PAUSE_MS = 10_000;

/** When each message is due, in recorded milliseconds from the first one. `times` ascend. */
export function timeline(times: readonly number[]): number[] {
  let due = 0;
  return times.map((time, i) => {
    due += Math.min(time - (times[i - 1] ?? time), LONGEST_PAUSE_MS);
    return due;
  });
}
