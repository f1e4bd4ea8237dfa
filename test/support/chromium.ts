/**
 * Debian's Chromium for a test, driven by Playwright: open a page, ask it, act on it.
 *
 * The page keeps what it wrote to its console as an error, what it threw, and what its content security policy
 * refused, so that a test can demand that there was nothing.
 * Invariant: nothing of it is left after disposal. A machine without Chromium skips with a clear message, and
 * fails instead when CI=true.
 */
import { spawnSync } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { type BrowserContextOptions, chromium, type Page as Tab } from 'playwright-core';

/** What a page is waited for; a busy machine needs seconds where an idle one needs tenths. */
const WITHIN_MS = 60_000;

export interface Page {
  /** Playwright's own page: its keyboard, media, scripts, screenshots. */
  readonly tab: Tab;
  /** Errors in the console, uncaught exceptions and violations of the content security policy. */
  readonly problems: readonly string[];
  go(url: string): Promise<void>;
  /** The value of a JavaScript expression in the page; promises are awaited. */
  ask<T>(expression: string): Promise<T>;
  /** Resolves when the expression is true. Rejects with what the page shows. */
  until(expression: string): Promise<void>;
  /** Resolves when the document has drawn itself: Chromium drops keys that come before the first frame. */
  drawn(): Promise<void>;
}

export interface Chromium extends AsyncDisposable {
  newPage(size?: { width: number; height: number }, options?: BrowserContextOptions): Promise<Page>;
}

/** Undefined when Chromium can run here, else why these tests are skipped. Throws when CI=true. */
export function chromiumMissing(): string | undefined {
  if (findChromium()) return undefined;
  const reason = 'no chromium here: install it (Debian: apt-get install chromium) to run these tests';
  if (process.env['CI'] === 'true') throw new Error(reason);
  console.warn(`skipped: ${reason}`);
  return reason;
}

/**
 * What went wrong on a page, without calls that a late event loop refused to who is not signed in: the page makes them
 * again. Pages and their files are answered in any case.
 */
export function listFaults({ problems }: Page): string[] {
  return problems.filter((each) => !/ 503 .*\/v1\//.test(each));
}

function findChromium(): string | undefined {
  const found = spawnSync('sh', ['-c', 'command -v chromium'], { encoding: 'utf8' });
  return found.status === 0 ? found.stdout.trim() : undefined;
}

/** WebGL is drawn by the processor here, and only where a test looks at a map. */
const WEBGL = ['--use-gl=angle', '--use-angle=swiftshader', '--enable-unsafe-swiftshader'];

export async function startChromium({ hasWebGl = false } = {}): Promise<Chromium> {
  const executablePath = findChromium();
  if (!executablePath) throw new Error('no chromium here');
  const graphics = hasWebGl ? WEBGL : ['--disable-3d-apis'];
  const browser = await chromium.launch({ executablePath, args: ['--disable-quic', ...graphics] });
  return {
    async newPage(size = { width: 1600, height: 900 }, options = {}) {
      return watchTab(await browser.newPage({ viewport: size, isMobile: size.width < 600, ...options }));
    },
    [Symbol.asyncDispose]: () => browser.close(),
  };
}

function watchTab(tab: Tab): Page {
  const problems: string[] = [];
  tab.on('pageerror', (error) => problems.push(String(error)));
  tab.on('console', (message) => {
    if (message.type() === 'error') problems.push(`${message.text()} ${message.location().url}`);
  });
  const page: Page = {
    tab,
    problems,
    ask: (expression) => tab.evaluate(expression),
    async go(url) {
      await tab.goto(url);
    },
    drawn: () =>
      page.ask('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done())))'),
    // Playwright's own waiting compiles the expression inside the page, which the content security policy refuses.
    async until(expression) {
      const deadline = Date.now() + WITHIN_MS;
      while (Date.now() < deadline) {
        if (await page.ask<boolean>(`(async () => Boolean(${expression}))()`).catch(() => false)) return;
        await delay(50);
      }
      const shown = await page.ask<string>('document.body.innerText').catch(String);
      throw new Error(
        [
          `not within ${WITHIN_MS / 1000} s: ${expression}`,
          ...problems,
          `the page shows:\n${shown.slice(0, 3_000)}`,
        ].join('\n'),
      );
    },
  };
  return page;
}
