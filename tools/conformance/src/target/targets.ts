import { startMosquitto } from './mosquitto.ts';
import type { Target, TargetName } from './target.ts';
import { startTributary } from './tributary.ts';

export function startTarget(name: TargetName): Promise<Target> {
  return name === 'mosquitto' ? startMosquitto() : startTributary(name);
}
