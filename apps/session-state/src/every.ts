/** Runs something again and again, never twice at once, until disposed of. */
export function every(
  ms: number,
  run: () => Promise<unknown>,
  onError: (error: unknown) => void,
): Disposable {
  let running = false;
  const timer = setInterval(() => {
    if (running) return;
    running = true;
    void run()
      .catch(onError)
      .finally(() => (running = false));
  }, ms);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
