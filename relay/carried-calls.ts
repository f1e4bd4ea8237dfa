/**
 * Calls at a standby: handed on to the owner in one hop, streams included, each caller over links of its own.
 *
 *   caller ── this node's HTTP ── link ── the owner's HTTP, which sees the caller's address
 *
 * Stands behind standby-server.ts, which answers what is asked of this node itself. A caller that keeps its connection
 * keeps its link. Invariants: what is hop-by-hop is not passed on [RFC 9110 §7.6.1], and `Via` says that there was a
 * hop; a call without an owner is answered with 503 and Retry-After; a call that may have had an effect is not
 * repeated.
 */
import { Agent, type ClientRequest, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { pipeline } from 'node:stream';
import type { RelayMetrics } from './relay-metrics.ts';
import { HOLD_CALL_MS, type NoWay, type WayToOwner } from './way-to-owner.ts';

/** Of one connection only, or said anew here. `Upgrade` too: no resource of the API is one. */
const HOP_BY_HOP = new Set([
  'connection',
  'expect',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);
/** Say where a body ends or whose call it is: not for a caller to have left out by naming them in `Connection`. */
const NEVER_HOP_BY_HOP = /^(?:content-length|host|forwarded|x-real-ip|x-forwarded-.*)$/;
const VIA = '1.1 siaga';
/** Without a length and without a body, where Node would else announce one in chunks. */
const BODY_METHODS = new Set(['POST', 'PUT', 'PATCH']);
/** Asked again on a new link where the old one was just being closed: nothing happens by them. */
const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Answers a call that is not the owner's to answer now. */
export type Refuse = (why: NoWay) => void;

export interface CarriedCalls {
  /** Hands on one call; `refuse` answers where there is nobody to hand it to. */
  carry(call: IncomingMessage, response: ServerResponse, refuse: Refuse): void;
  /** Whether the owner would show its own `/metrics` to who makes this call; a body is not passed on. */
  mayReadMetrics(call: IncomingMessage): Promise<boolean>;
}

class NoWayError extends Error {
  readonly why: NoWay;
  constructor(why: NoWay) {
    super(`no link to the owner: ${why}`);
    this.why = why;
  }
}

export function createCarriedCalls(way: WayToOwner, metrics: RelayMetrics): CarriedCalls {
  const agents = new WeakMap<Socket, Agent>();

  function agentOf(caller: Socket): Agent {
    const known = agents.get(caller);
    if (known) return known;
    const agent = new CallerLinks(way, caller);
    agents.set(caller, agent);
    caller.once('close', () => agent.destroy());
    return agent;
  }

  function ask(exchange: Exchange, isSecond: boolean): void {
    const { call, response, refuse } = exchange;
    const asked = request({
      agent: agentOf(call.socket),
      method: call.method,
      path: call.url,
      // In the caller's own words and order.
      headers: [...passOn(call.rawHeaders), ...framingOf(call)],
      setHost: false,
    });
    const abandon = () => asked.destroy();
    response.once('close', abandon);
    asked.once('response', (answer) => {
      metrics.calls.inc({ outcome: 'carried' });
      answerWith(answer, response);
    });
    let isOver = false;
    asked.on('error', (error) => {
      if (isOver) return;
      isOver = true;
      response.off('close', abandon);
      if (response.destroyed || response.headersSent) {
        metrics.calls.inc({ outcome: 'broken-off' });
        response.destroy();
        return;
      }
      if (!isSecond && mayRepeat(asked, call)) {
        ask(exchange, true);
        return;
      }
      const why = error instanceof NoWayError ? error.why : 'unreachable';
      metrics.calls.inc({ outcome: why });
      refuse(why);
    });
    if (hasBody(call)) call.pipe(asked);
    else asked.end();
  }

  async function mayReadMetrics(call: IncomingMessage): Promise<boolean> {
    const asked = request({
      agent: agentOf(call.socket),
      method: 'HEAD',
      path: '/metrics',
      headers: passOn(call.rawHeaders, 'content-length'),
      setHost: false,
    });
    const { promise, resolve } = Promise.withResolvers<boolean>();
    asked.on('response', (answer) => resolve(answer.resume().statusCode === 200));
    asked.on('error', () => resolve(false));
    asked.setTimeout(HOLD_CALL_MS, () => asked.destroy());
    asked.end();
    return promise;
  }

  return {
    carry: (call, response, refuse) => ask({ call, response, refuse }, false),
    mayReadMetrics,
  };
}

interface Exchange {
  readonly call: IncomingMessage;
  readonly response: ServerResponse;
  readonly refuse: Refuse;
}

/** The links of one caller: one, which is kept for its next call. */
class CallerLinks extends Agent {
  readonly #way: WayToOwner;
  readonly #caller: Socket;

  constructor(way: WayToOwner, caller: Socket) {
    super({ keepAlive: true, maxSockets: 1, maxFreeSockets: 1 });
    this.#way = way;
    this.#caller = caller;
  }

  override createConnection(
    _options: object,
    done?: (error: Error | null, stream: Socket) => void,
  ): undefined {
    const { remoteAddress = 'unknown', remotePort } = this.#caller;
    const address = remoteAddress.replace(/^::ffff:(?=\d+\.)/, '');
    const source = remotePort === undefined ? { address } : { address, port: remotePort };
    void this.#way
      .open('api', source, HOLD_CALL_MS, () => !this.#caller.destroyed)
      .then((link) => {
        if (typeof link === 'string') {
          (done as (error: Error) => void)(new NoWayError(link));
          return;
        }
        this.#way.join('api', link, []);
        done?.(null, link);
      });
    return undefined;
  }
}

function answerWith(answer: IncomingMessage, response: ServerResponse): void {
  response.writeHead(answer.statusCode as number, answer.statusMessage, passOn(answer.rawHeaders));
  // A stream's head goes out before its first event.
  response.flushHeaders();
  // Either of them may be gone before its end, which is seen by the other.
  pipeline(answer, response, () => undefined);
}

/** Where the body ends, anew for each hop: without it the owner would take what a body holds for the next call. */
function framingOf(call: IncomingMessage): string[] {
  if (call.headers['transfer-encoding'] !== undefined) return ['transfer-encoding', 'chunked'];
  const isBare = call.headers['content-length'] === undefined && BODY_METHODS.has(call.method as string);
  return isBare ? ['content-length', '0'] : [];
}

/** Without what is of one hop, and without the header `but`. */
function passOn(rawHeaders: readonly string[], but?: string): string[] {
  const named = connectionNames(rawHeaders);
  const kept: string[] = [];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const [name, value] = [rawHeaders[at] as string, rawHeaders[at + 1] as string];
    const lower = name.toLowerCase();
    if (!HOP_BY_HOP.has(lower) && !named.has(lower) && lower !== but) kept.push(name, value);
  }
  return [...kept, 'via', VIA];
}

/** Headers that `Connection` names are for this hop alone. */
function connectionNames(rawHeaders: readonly string[]): ReadonlySet<string> {
  const names = new Set<string>();
  for (let at = 0; at < rawHeaders.length; at += 2) {
    if (rawHeaders[at]?.toLowerCase() !== 'connection') continue;
    for (const each of (rawHeaders[at + 1] as string).split(',')) {
      const name = each.trim().toLowerCase();
      if (!NEVER_HOP_BY_HOP.test(name)) names.add(name);
    }
  }
  return names;
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

function mayRepeat(asked: ClientRequest, call: IncomingMessage): boolean {
  return asked.reusedSocket && SAFE_METHODS.has(call.method as string) && !hasBody(call);
}
