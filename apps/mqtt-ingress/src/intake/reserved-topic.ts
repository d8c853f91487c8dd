const DOLLAR = 0x24;

/** Topics that are the server's to publish to (4.7.2), or none at all: `$share/...` is a form of filter. */
export function isReservedTopic(topic: string): boolean {
  if (topic.charCodeAt(0) !== DOLLAR) return false;
  return topic === '$SYS' || topic.startsWith('$SYS/') || topic === '$share' || topic.startsWith('$share/');
}
