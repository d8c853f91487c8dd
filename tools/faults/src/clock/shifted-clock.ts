// Loaded into a service before its own code (node --import): its wall clock then goes wrong by as many milliseconds as the
// file named by FAULTS_CLOCK_FILE says. All that our services know of the wall clock is Date; the monotonic clock stays.
import { readFileSync, renameSync, writeFileSync } from 'node:fs';

const LOOK_MS = 50;
const file = process.env['FAULTS_CLOCK_FILE'];

if (file !== undefined) {
  const RealDate = Date;
  let offsetMs = 0;
  const now = (): number => RealDate.now() + offsetMs;
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, args, newTarget) =>
      Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget) as object,
    apply: () => new RealDate(now()).toString(),
    get: (target, key): unknown => (key === 'now' ? now : Reflect.get(target, key)),
  });
  setInterval(() => {
    const wanted = Number(readFileSync(file, 'utf8'));
    if (wanted === offsetMs) return;
    offsetMs = wanted;
    // Says so by the very clock that went wrong.
    const said = `${file}.${process.pid}`;
    writeFileSync(`${said}.new`, new Date().toISOString());
    renameSync(`${said}.new`, said);
  }, LOOK_MS).unref();
}
