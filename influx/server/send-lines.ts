/**
 * sendLines: one write to InfluxDB, in the time and the memory that it may take.
 *
 * Node's `timeout` and that of InfluxDB's own client count silence, so that a server that says a byte a second holds a
 * batch for hours; here the whole of it has one deadline. Invariants: it resolves with the answer that means "stored"
 * and with no other; a redirect is a failure, since a write that is sent on may arrive as another one.
 */

import type { IncomingMessage } from 'node:http';
import { type Agent, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { HttpError } from '@influxdata/influxdb-client';
import { readBounded } from './bounded-answer.ts';

/** What an InfluxDB says that has stored all of it. A page of something else says 200. */
const STORED = [201, 204];
/** Clusters of 1.x: stored, and a member that is away gets it later. */
const HANDED_OFF = 'hinted handoff queue not empty';
const pack = promisify(gzip);

export interface WriteAddress {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly agent: Agent;
  /** Larger bodies are compressed. */
  readonly gzipAboveBytes: number;
  readonly timeoutMs: number;
}

/** Rejects with HttpError where the server refuses, with the network's error, or with a TimeoutError. */
export async function sendLines(address: WriteAddress, lines: string): Promise<void> {
  const plain = Buffer.from(lines);
  const isPacked = plain.length > address.gzipAboveBytes;
  const body = isPacked ? await pack(plain) : plain;
  const ending = new AbortController();
  const timer = setTimeout(
    () => ending.abort(new DOMException('it did not answer in time', 'TimeoutError')),
    address.timeoutMs,
  );
  try {
    const answer = await ask(address, body, isPacked, ending.signal);
    const text = await readBounded(answer);
    const status = answer.statusCode as number;
    if (STORED.includes(status) || text.includes(HANDED_OFF)) return;
    throw refusalOf(status, text, answer);
  } catch (error) {
    // What the end of the deadline broke off says only that it was broken off.
    throw ending.signal.aborted ? ending.signal.reason : error;
  } finally {
    clearTimeout(timer);
  }
}

function ask(
  { url, headers, agent }: WriteAddress,
  body: Buffer,
  isPacked: boolean,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const asked = (url.startsWith('https:') ? requestHttps : requestHttp)(url, {
      ...{ method: 'POST', agent, signal },
      headers: {
        ...headers,
        'content-type': 'text/plain; charset=utf-8',
        'content-length': body.length,
        ...(isPacked ? { 'content-encoding': 'gzip' } : {}),
      },
    });
    asked.once('response', resolve);
    asked.on('error', reject);
    asked.end(body);
  });
}

function refusalOf(status: number, text: string, { statusMessage, headers }: IncomingMessage): HttpError {
  const words = (name: string) => {
    const value = headers[name];
    return typeof value === 'string' ? value : undefined;
  };
  const said = text === '' ? words('x-influxdb-error') : text;
  const isRedirect = status >= 300 && status < 400;
  const message = isRedirect ? `${statusMessage} to ${words('location') ?? 'nowhere'}` : pageOf(status, text);
  const type = words('content-type');
  return new HttpError(status, statusMessage, said, words('retry-after'), type, message, headers);
}

/** What something else has said that it took for a good answer. */
function pageOf(status: number, text: string): string | undefined {
  return status < 300 ? text.trim().slice(0, 100) || 'an empty page' : undefined;
}
