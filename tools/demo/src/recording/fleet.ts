import { DemoError } from '../errors.ts';
import type { RecordedMessage } from './recording.ts';
import { timeline } from './timeline.ts';
import { Renumbering, vehicleOf } from './vehicle.ts';

/** One connection with what it publishes. */
export interface Device {
  /** Unique in the fleet; part of the client id. */
  readonly name: string;
  readonly length: number;
  /** When message `i` is due, recorded milliseconds from the beginning. */
  due(i: number): number;
  message(i: number): { readonly topic: string; readonly payload: Buffer };
}

export interface Fleet {
  readonly devices: readonly Device[];
  /** Vehicles of the recording. */
  readonly vehicles: number;
  readonly copies: number;
  readonly speed: number;
  readonly messages: number;
  /** From the first message to the last, recorded milliseconds. */
  readonly recordedMs: number;
}

const WANTED_DEVICES = 280;
const WANTED_MESSAGES = 100_000;
const WANTED_MS = 60_000;
const MAX_DEVICES = 5_000;
/** The copies drive one after the other within this time, so that not all of them publish in the same instant. */
const SPREAD_MS = 10_000;

/**
 * The recorded vehicles and their copies.
 * Errors: `fleet-too-large`, if that makes more connections than a demonstration should open.
 */
export function makeFleet(
  messages: readonly RecordedMessage[],
  wanted: { copies?: number; speed?: number },
): Fleet {
  const due = timeline(messages.map(({ atMs }) => atMs));
  const indicesOf = new Map<string, number[]>();
  for (const [i, { topic }] of messages.entries()) {
    const vehicle = vehicleOf(topic);
    const who = vehicle ? `${vehicle.operator}/${vehicle.number}` : topic;
    const indices = indicesOf.get(who);
    if (indices) indices.push(i);
    else indicesOf.set(who, [i]);
  }
  const vehicles = indicesOf.size;
  const copies =
    wanted.copies ??
    Math.max(
      1,
      Math.min(Math.round(WANTED_DEVICES / vehicles), Math.floor(WANTED_MESSAGES / messages.length)),
    );
  if (vehicles * copies > MAX_DEVICES) {
    throw new DemoError(
      'fleet-too-large',
      `${copies} copies of ${vehicles} vehicles are ${vehicles * copies} connections; ` +
        `the demo opens at most ${MAX_DEVICES}`,
    );
  }
  const spread = copies === 1 ? 0 : SPREAD_MS;
  const recordedMs = (due.at(-1) ?? 0) + spread;
  const speed = wanted.speed ?? Math.max(1, Math.round(recordedMs / WANTED_MS));
  const renumbering = new Renumbering(messages.map(({ topic }) => topic));
  const devices = Array.from({ length: copies }, (_, copy) =>
    [...indicesOf.values()].map((indices, index): Device => {
      const message = (i: number): RecordedMessage => messages[indices[i] ?? -1] ?? fail(i);
      const vehicle = vehicleOf(message(0).topic);
      return {
        name: vehicle
          ? `${vehicle.operator}-${renumbering.number(vehicle.number, copy)}`
          : `topic-${index}-${copy}`,
        length: indices.length,
        due: (i) => (due[indices[i] ?? -1] ?? fail(i)) + (spread * copy) / copies,
        message: (i) => {
          const { topic, payload } = message(i);
          return {
            topic: renumbering.topic(topic, copy),
            payload: Buffer.from(renumbering.payload(payload, topic, copy)),
          };
        },
      };
    }),
  ).flat();
  return { devices, vehicles, copies, speed, messages: messages.length * copies, recordedMs };
}

function fail(index: number): never {
  throw new RangeError(`the device has no message ${index}`);
}
