const REMINDER_MS = 10_000;

/** Runs a step that may take long: says it when it begins, every ten seconds, and when it has ended. */
export async function step(what, work) {
  const began = performance.now();
  const elapsed = () => `${((performance.now() - began) / 1000).toFixed(1)} s`;
  console.log(`${what} ...`);
  const reminder = setInterval(() => console.log(`${what} ... ${elapsed()}`), REMINDER_MS);
  try {
    const result = await work();
    console.log(`${what}: done in ${elapsed()}`);
    return result;
  } finally {
    clearInterval(reminder);
  }
}

/** A failure that the user can do something about: printed without a stack. */
export class Failure extends Error {}
