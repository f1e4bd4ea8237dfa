/**
 * A real headless Chromium for a test, driven over its own protocol: open a page, ask it, act on it.
 *
 * Invariant: nothing of it is left after disposal; a machine without Chromium skips with a clear message, and
 * fails instead when CI=true. What the page wrote to its console and what it threw is kept for the test.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket } from 'ws';

const BINARY = process.env['SIAGA_TEST_CHROMIUM'] ?? 'chromium';
/** What a page is waited for; a busy machine needs seconds where an idle one needs tenths. */
const WITHIN_MS = 20_000;
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--remote-debugging-port=0',
];

export interface Page {
  /** Errors in the console, uncaught exceptions and violations of the content security policy. */
  readonly problems: readonly string[];
  go(url: string): Promise<void>;
  /** The value of a JavaScript expression in the page; promises are awaited. */
  ask<T>(expression: string): Promise<T>;
  /** Resolves when the expression is true. Rejects with what the page shows. */
  until(expression: string): Promise<void>;
  /** One command of the protocol. */
  send(method: string, params?: object): Promise<Record<string, unknown>>;
  /** PNG of what is seen. */
  screenshot(): Promise<Buffer>;
}

export interface Chromium extends AsyncDisposable {
  newPage(size?: { width: number; height: number }): Promise<Page>;
}

/** Undefined when Chromium can run here, else why these tests are skipped. Throws when CI=true. */
export function chromiumMissing(): string | undefined {
  const found = spawnSync(BINARY, ['--version'], { encoding: 'utf8' });
  if (found.status === 0) return undefined;
  const reason = `no ${BINARY} here: install it (Debian: apt-get install chromium) to run these tests`;
  if (process.env['CI'] === 'true') throw new Error(reason);
  console.warn(`skipped: ${reason}`);
  return reason;
}

export async function startChromium(): Promise<Chromium> {
  const profile = await mkdtemp(join(tmpdir(), 'siaga-chromium-'));
  const child = spawn(BINARY, [...FLAGS, `--user-data-dir=${profile}`, 'about:blank'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  // A run that is broken off leaves no browser behind.
  const endWithUs = () => child.kill('SIGKILL');
  process.once('exit', endWithUs);
  const connection = await connect(await readAddress(child));
  return {
    async newPage(size = { width: 1600, height: 900 }) {
      const { targetId } = await connection.send('Target.createTarget', { url: 'about:blank' });
      const { sessionId } = await connection.send('Target.attachToTarget', { targetId, flatten: true });
      const page = await openPage(connection, sessionId as string);
      const metrics = { ...size, deviceScaleFactor: 1, mobile: size.width < 600 };
      await page.send('Emulation.setDeviceMetricsOverride', metrics);
      return page;
    },
    async [Symbol.asyncDispose]() {
      const exited = once(child, 'exit');
      await Promise.race([connection.send('Browser.close').catch(() => undefined), exited]);
      await exited;
      process.off('exit', endWithUs);
      await rm(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    },
  };
}

async function readAddress(child: ChildProcess): Promise<string> {
  if (!child.stderr) throw new Error('chromium has no stderr');
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stderr })) {
    const address = /DevTools listening on (ws:\S+)/.exec(line)?.[1];
    if (address) {
      child.stderr.resume();
      return address;
    }
    lines.push(line);
  }
  throw new Error(`chromium ended: ${lines.slice(-5).join(' | ')}`);
}

interface Message {
  readonly id?: number;
  readonly sessionId?: string;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly message: string };
}

interface Connection {
  send(method: string, params?: object, sessionId?: string): Promise<Record<string, unknown>>;
  onEvent(sessionId: string, listener: (method: string, params: Record<string, unknown>) => void): void;
}

async function connect(address: string): Promise<Connection> {
  const socket = new WebSocket(address, { maxPayload: 256 * 1024 * 1024 });
  await once(socket, 'open');
  const calls = new Map<number, PromiseWithResolvers<Record<string, unknown>>>();
  const listeners = new Map<string, (method: string, params: Record<string, unknown>) => void>();
  let lastId = 0;
  socket.on('message', (bytes) => {
    const { id, sessionId, method, params, result, error } = JSON.parse(String(bytes)) as Message;
    if (id === undefined) {
      if (sessionId && method) listeners.get(sessionId)?.(method, params ?? {});
      return;
    }
    const call = calls.get(id);
    calls.delete(id);
    if (error) call?.reject(new Error(error.message));
    else call?.resolve(result ?? {});
  });
  socket.on('close', () => {
    for (const call of calls.values()) call.reject(new Error('chromium closed the connection'));
    calls.clear();
  });
  return {
    send(method, params = {}, sessionId) {
      const call = Promise.withResolvers<Record<string, unknown>>();
      calls.set(++lastId, call);
      socket.send(JSON.stringify({ id: lastId, method, params, ...(sessionId ? { sessionId } : {}) }));
      return call.promise;
    },
    onEvent: (sessionId, listener) => void listeners.set(sessionId, listener),
  };
}

async function openPage(connection: Connection, sessionId: string): Promise<Page> {
  const problems: string[] = [];
  const send: Page['send'] = (method, params) => connection.send(method, params, sessionId);
  connection.onEvent(sessionId, (method, params) => {
    const problem = describeProblem(method, params);
    if (problem) problems.push(problem);
  });
  for (const domain of ['Page', 'Runtime', 'Log']) await send(`${domain}.enable`);

  async function ask<T>(expression: string): Promise<T> {
    const asked = { expression, awaitPromise: true, returnByValue: true };
    const { result, exceptionDetails } = (await send('Runtime.evaluate', asked)) as {
      result: { value?: unknown; description?: string };
      exceptionDetails?: { text: string };
    };
    if (exceptionDetails) throw new Error(`${exceptionDetails.text}: ${result.description ?? expression}`);
    return result.value as T;
  }
  const page: Page = {
    problems,
    ask,
    send,
    async go(url) {
      await send('Page.navigate', { url });
      await page.until(
        `location.href.startsWith(${JSON.stringify(url)}) && document.readyState === 'complete'`,
      );
    },
    async until(expression) {
      const deadline = Date.now() + WITHIN_MS;
      while (Date.now() < deadline) {
        if (await ask<boolean>(`(async () => Boolean(${expression}))()`).catch(() => false)) return;
        await delay(50);
      }
      const shown = await ask<string>('document.body.innerText').catch(String);
      throw new Error(
        `not within ${WITHIN_MS / 1000} s: ${expression}\nthe page shows:\n${shown.slice(0, 3_000)}`,
      );
    },
    async screenshot() {
      const { data } = await send('Page.captureScreenshot', { format: 'png' });
      return Buffer.from(data as string, 'base64');
    },
  };
  return page;
}

function describeProblem(method: string, params: Record<string, unknown>): string | undefined {
  if (method === 'Runtime.exceptionThrown') {
    const { exceptionDetails } = params as {
      exceptionDetails: { text: string; exception?: { description?: string } };
    };
    return `${exceptionDetails.text} ${exceptionDetails.exception?.description ?? ''}`;
  }
  if (method !== 'Log.entryAdded') return undefined;
  const { entry } = params as { entry: { level: string; source: string; text: string; url?: string } };
  return entry.level === 'error' ? `${entry.source}: ${entry.text} ${entry.url ?? ''}` : undefined;
}
