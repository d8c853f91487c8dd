import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Metrics } from '@tributary/telemetry';
import { hostPort } from './address.ts';
import { ListenError } from './errors.ts';
import type { Health } from './health.ts';

const prometheusText = 'text/plain; version=0.0.4; charset=utf-8';

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/** The port of probes and Prometheus. */
export interface HttpServer extends AsyncDisposable {
  /** `host:port` */
  readonly address: string;
}

/** @throws ListenError */
export async function listenHttp(
  host: string,
  port: number,
  health: Health,
  metrics: Metrics,
): Promise<HttpServer> {
  const routes: Readonly<Record<string, () => Answer | Promise<Answer>>> = {
    '/livez': () => json(200, { status: 'alive' }),
    '/readyz': () =>
      json(health.ready ? 200 : 503, {
        status: health.ready ? 'ready' : 'not ready',
        state: health.state,
        components: health.components,
      }),
    '/metrics': async () => ({ status: 200, type: prometheusText, body: await metrics.text() }),
  };

  const answer = async (request: IncomingMessage): Promise<Answer> => {
    const path = (request.url ?? '/').split('?')[0] ?? '/';
    const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
    if (!route) return json(404, { error: 'not found', paths: Object.keys(routes) });
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return json(405, { error: 'only GET and HEAD' });
    return route();
  };

  const server = createServer({ headersTimeout: 5_000, requestTimeout: 10_000 }, (request, response) => {
    answer(request).then(
      (result) => send(request, response, result),
      (error: unknown) => send(request, response, json(500, { error: String(error) })),
    );
  });
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (error) {
    throw new ListenError('HTTP', hostPort(host, port), error);
  }
  const bound = server.address();
  const boundPort = typeof bound === 'object' && bound !== null ? bound.port : port;
  return {
    address: hostPort(host, boundPort),
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function json(status: number, body: object): Answer {
  return { status, type: 'application/json', body: JSON.stringify(body) + '\n' };
}

function send(request: IncomingMessage, response: ServerResponse, { status, type, body }: Answer): void {
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}
