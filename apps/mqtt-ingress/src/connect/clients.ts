import type { Device } from '../device/device.ts';

/** The connections of this node by client id: of each id the newest, which knows the one it takes over from. */
export class Clients {
  readonly #newest = new Map<string, Device>();

  get size(): number {
    return this.#newest.size;
  }

  /** @returns the connection of this client id that must finish first. */
  add(device: Device): Device | undefined {
    const previous = this.#newest.get(device.clientId);
    device.previous = previous;
    this.#newest.set(device.clientId, device);
    return previous;
  }

  remove(device: Device): void {
    if (this.#newest.get(device.clientId) === device) this.#newest.delete(device.clientId);
  }

  get(clientId: string): Device | undefined {
    return this.#newest.get(clientId);
  }

  /** The connection with this epoch, be it the newest or one that is about to finish. */
  withEpoch(clientId: string, epoch: number): Device | undefined {
    let device = this.#newest.get(clientId);
    while (device !== undefined && device.epoch !== epoch) device = device.previous;
    return device;
  }

  [Symbol.iterator](): IterableIterator<Device> {
    return this.#newest.values();
  }
}
