const BROKER = /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):\d{1,5}$/;

/** host:port, the host a name, an IPv4 address or an IPv6 address in brackets. */
export function isBrokerAddress(text: string): boolean {
  return BROKER.test(text);
}
