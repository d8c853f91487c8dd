/**
 * The network that a remote address (`address:port`) stands for where clients share a limit: an IPv4 address, or the
 * first 64 bits of an IPv6 address, of which one client has as many as it likes.
 */
export function networkOf(remoteAddress: string): string {
  const address = remoteAddress.slice(0, remoteAddress.lastIndexOf(':'));
  if (address.includes('.')) return address.slice(address.lastIndexOf(':') + 1);
  const [head = '', tail] = address.split('::');
  const groups = head === '' ? [] : head.split(':');
  if (tail !== undefined) {
    const behind = tail === '' ? 0 : tail.split(':').length;
    for (let missing = 8 - groups.length - behind; missing > 0; missing--) groups.push('0');
    if (tail !== '') groups.push(...tail.split(':'));
  }
  return groups.slice(0, 4).join(':');
}
