/**
 * How long calls take: a histogram by route, method and class of status.
 *
 * Invariant: labels come from the patterns of routes and never from what a caller wrote, so that their number
 * is bounded; answers that stay open (the stream) are not in it.
 */
import type { FastifyInstance } from 'fastify';
import { Histogram, type Registry as Metrics } from 'prom-client';

/** From an answer out of memory to one that waits for a database. */
const BUCKETS_S = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];

export function registerRequestMetrics(app: FastifyInstance, metrics: Metrics): void {
  const duration = new Histogram({
    name: 'siaga_http_request_duration_seconds',
    help: 'From the headers of a request to the end of its answer.',
    labelNames: ['route', 'method', 'status'],
    buckets: BUCKETS_S,
    registers: [metrics],
  });
  app.addHook('onResponse', async (request, reply) => {
    const { url, config } = request.routeOptions;
    if (config.longLived && reply.statusCode === 200) return;
    const status = `${Math.floor(reply.statusCode / 100)}xx`;
    const route = request.is404 || url === undefined ? 'unmatched' : url;
    duration.observe({ route, method: request.method, status }, reply.elapsedTime / 1000);
  });
}
