const ROUNDS = 40_000_000;

/**
 * Runs a fixed loop of integer arithmetic that fits in registers, for about a tenth of a second, and says how many of its
 * rounds this machine made in a second: the same code on the same machine differs by what else ran and how it was clocked.
 */
export function calibrate(): number {
  // Once for the compiler.
  mix(ROUNDS / 10);
  const began = performance.now();
  const result = mix(ROUNDS);
  const seconds = (performance.now() - began) / 1_000;
  // The result is used, so that the loop cannot be optimised away.
  return result === 0 ? 0 : ROUNDS / seconds;
}

function mix(rounds: number): number {
  let state = 0x9e3779b9 | 0;
  for (let round = 0; round < rounds; round++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
  }
  return state;
}
