/**
 * The demo's control: a page on loopback that tells the chapters and lets a person pause, hurry or send the next flood.
 *
 * Opened by `sim city --control PORT`. Invariants: it listens on loopback alone and answers to no other name, so that
 * no page of the internet can reach it; what it does moves the story and nothing else.
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';

export interface Chapter {
  /** Minutes and seconds since the start: `1:08`. */
  readonly at: string;
  readonly id: string;
  readonly en: string;
}

export interface ControlState {
  readonly chapters: readonly Chapter[];
  /** 0 stands still. */
  readonly pace: number;
  /** Whether the next flood can be sent now: not in the middle of one. */
  readonly canFlood: boolean;
}

export interface Control {
  state(): ControlState;
  setPace(pace: number): void;
  /** False where one is under way. */
  sendFlood(): boolean;
}

const PAGE = readFileSync(join(import.meta.dirname, 'control.html'));
const OWN_NAMES = /^(127\.0\.0\.1|localhost|\[::1\]):\d+$/;
const PACES: Readonly<Record<string, number>> = { '/pause': 0, '/resume': 1, '/hurry': 2 };

/** Resolves when it listens. Rejects with the system's error where the port is taken. */
export async function openControl(
  port: number,
  control: Control,
): Promise<AsyncDisposable & { readonly port: number }> {
  const server = createServer((request, response) => answer(request, response, control));
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
    },
  };
}

function answer(request: IncomingMessage, response: ServerResponse, control: Control): void {
  request.resume();
  const { method = '', url = '', headers } = request;
  if (!OWN_NAMES.test(headers.host ?? '')) {
    end(response, 421, { detail: 'this answers to 127.0.0.1 alone' });
  } else if (method === 'GET' && url === '/') {
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' });
    response.end(PAGE);
  } else if (method === 'GET' && url === '/state') {
    end(response, 200, control.state());
  } else if (method !== 'POST') {
    end(response, 404, { detail: 'there are /, /state, /pause, /resume, /hurry and /flood' });
  } else if (headers['content-type'] !== 'application/json') {
    // A form of a foreign page cannot say so.
    end(response, 415, { detail: 'send content-type: application/json' });
  } else steer(url, response, control);
}

function steer(url: string, response: ServerResponse, control: Control): void {
  const pace = PACES[url];
  if (pace !== undefined) control.setPace(pace);
  else if (url !== '/flood') {
    end(response, 404, { detail: 'there are /pause, /resume, /hurry and /flood' });
    return;
  } else if (!control.sendFlood()) {
    end(response, 409, { detail: 'a flood is under way: wait until it has drained' });
    return;
  }
  end(response, 200, control.state());
}

function end(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'no-store',
  });
  response.end(JSON.stringify(body));
}
