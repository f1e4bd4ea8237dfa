/**
 * How many calls there are and how long they take: counts by route, a histogram for all of them.
 *
 * A histogram of each route would be more samples than all others together; the mean of one is its seconds by its
 * calls. Invariant: labels come from the patterns of routes and never from what a caller wrote, so that their number
 * is bounded; answers that stay open (the stream) are not in it.
 */
import type { FastifyInstance } from 'fastify';
import { Counter, Histogram, type Registry as Metrics } from 'prom-client';

/** From an answer out of memory to one that waits for a database. */
const BUCKETS_S = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5];

export function registerRequestMetrics(app: FastifyInstance, metrics: Metrics): void {
  const registers = [metrics];
  const duration = new Histogram({
    name: 'siaga_http_request_duration_seconds',
    help: 'From the headers of a request to the end of its answer.',
    labelNames: ['method', 'status'],
    buckets: BUCKETS_S,
    registers,
  });
  const calls = new Counter({
    name: 'siaga_http_requests_total',
    help: 'Calls that were answered, by route and class of status.',
    labelNames: ['route', 'method', 'status'],
    registers,
  });
  const seconds = new Counter({
    name: 'siaga_http_request_seconds_total',
    help: 'What the calls of a route took together.',
    labelNames: ['route', 'method'],
    registers,
  });
  app.addHook('onResponse', async ({ method, is404, routeOptions }, reply) => {
    const { url, config } = routeOptions;
    if (config.longLived && reply.statusCode === 200) return;
    const status = `${Math.floor(reply.statusCode / 100)}xx`;
    const route = is404 || url === undefined ? 'unmatched' : url;
    const tookS = reply.elapsedTime / 1000;
    duration.observe({ method, status }, tookS);
    calls.inc({ route, method, status });
    seconds.inc({ route, method }, tookS);
  });
}
