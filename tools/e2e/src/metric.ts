import type { Proc } from '@tributary/testing';

/** Values of a metric of a service, one for each label combination that contains `labels`. */
export async function metricValues(service: Proc, name: string, labels = ''): Promise<number[]> {
  const text = await (await service.get('/metrics')).text();
  return text
    .split('\n')
    .filter((line) => (line.startsWith(`${name}{`) || line.startsWith(`${name} `)) && line.includes(labels))
    .map((line) => Number(line.slice(line.lastIndexOf(' ') + 1)));
}

/** All values of a metric added up. */
export async function metricOf(service: Proc, name: string, labels = ''): Promise<number> {
  return (await metricValues(service, name, labels)).reduce((sum, value) => sum + value, 0);
}
