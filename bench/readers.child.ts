/**
 * A crowd of readers of the public page, as a process of its own: `node bench/readers.child.ts URL READERS SECONDS`.
 *
 * Each comes at a moment of the first half, from an address of its own on loopback, as phones do after a warning: the
 * page, its style and script, then the stream of alerts, and the page again with each event. Prints `begin` when the
 * first half begins, and one line of JSON at the end.
 */
import { Agent, request as openRequest } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

const [url = '', readers = '2000', seconds = '20'] = process.argv.slice(2);
const forMs = Number(seconds) * 1_000;
/** When a page renews itself after an event, as pages/browser/live.ts does it. */
const RENEW_AFTER_MS = 2_500;
const RENEW_SPREAD_MS = 5_000;
const RENEWALS_AT_ONCE = 3;
const RENEW_AT_MOST_EACH_MS = 30_000;

const tookMs: number[] = [];
const answers: Record<string, number> = {};
let bytes = 0;
let streams = 0;
let renewals = 0;
const ending = new AbortController();

interface Asked {
  readonly status: number;
  readonly body: string;
}

function ask(path: string, agent: Agent, localAddress: string): Promise<Asked> {
  const { promise, resolve } = Promise.withResolvers<Asked>();
  const startedAt = performance.now();
  const headers = { 'accept-encoding': 'gzip, br', 'accept-language': 'id' };
  const request = openRequest(new URL(path, url), { agent, localAddress, headers }, (response) => {
    let body = '';
    response.on('data', (part: Buffer) => {
      bytes += part.length;
      body = part.toString('latin1');
    });
    response.on('end', () => {
      const { statusCode = 0 } = response;
      answers[statusCode] = (answers[statusCode] ?? 0) + 1;
      if (path === '/') tookMs.push(performance.now() - startedAt);
      resolve({ status: statusCode, body });
    });
  });
  request.on('error', (error: NodeJS.ErrnoException) => {
    const why = error.code ?? 'error';
    answers[why] = (answers[why] ?? 0) + 1;
    resolve({ status: 0, body: '' });
  });
  request.end();
  return promise;
}

/** Calls `onAlert` with each event, until the end; resolves at once where the stream is refused. */
function follow(agent: Agent, localAddress: string, onAlert: () => void): void {
  const options = { agent, localAddress, headers: { accept: 'text/event-stream' }, signal: ending.signal };
  const request = openRequest(new URL('/v1/stream?types=alert', url), options, (response) => {
    if (response.statusCode === 200) streams++;
    response.on('data', (part: Buffer) => {
      bytes += part.length;
      if (part.includes('event: alert')) onAlert();
    });
    response.on('error', () => undefined);
  });
  request.on('error', () => undefined);
  request.end();
}

async function read(number: number): Promise<void> {
  await delay(Math.random() * (forMs / 2));
  const localAddress = `127.1.${number >> 8}.${number & 255}`;
  const agent = new Agent({ keepAlive: true, maxSockets: 6 });
  await ask('/', agent, localAddress);
  let isWaiting = false;
  const renewedAt: number[] = [];
  follow(agent, localAddress, () => {
    if (isWaiting || ending.signal.aborted) return;
    isWaiting = true;
    const oldest = renewedAt.at(-RENEWALS_AT_ONCE) ?? Number.NEGATIVE_INFINITY;
    const allowedInMs = oldest + RENEWALS_AT_ONCE * RENEW_AT_MOST_EACH_MS - performance.now();
    setTimeout(
      () => {
        isWaiting = false;
        renewals++;
        renewedAt.push(performance.now());
        void ask('/', agent, localAddress);
      },
      Math.max(RENEW_AFTER_MS + Math.random() * RENEW_SPREAD_MS, allowedInMs),
    );
  });
}

console.log('begin');
for (let number = 1; number <= Number(readers); number++) void read(number);
await delay(forMs);
ending.abort();
tookMs.sort((a, b) => a - b);
const quantile = (share: number) => Math.round(tookMs[Math.floor(share * (tookMs.length - 1))] ?? Number.NaN);
const report = {
  pages: tookMs.length,
  renewals,
  streams,
  answers,
  p50: quantile(0.5),
  p99: quantile(0.99),
  bytes,
};
console.log(JSON.stringify(report));
process.exit(0);
