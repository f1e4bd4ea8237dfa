import { Registry as Metrics } from 'prom-client';
import { beforeEach, describe, expect, test } from 'vitest';
import {
  type CallerShares,
  createCallerShares,
  SHARES,
  SLICE_MS,
} from '../../../../api/access/caller-shares.ts';
import { metricValue } from '../../../support/journal-fixture.ts';

let clock: { ms: number };
let rests: { ms: number; done: () => void }[];
let metrics: Metrics;
let shares: CallerShares;

beforeEach(() => {
  clock = { ms: 0 };
  rests = [];
  metrics = new Metrics();
  const wait = (ms: number) => new Promise<void>((done) => rests.push({ ms, done }));
  shares = createCallerShares({ metrics, nowMs: () => clock.ms, wait });
});

/** Lets what is ready run. */
const turn = () => new Promise(setImmediate);
/** Works until told that it is over, a millisecond an entry. */
function work(isOver: () => boolean): void {
  do clock.ms++;
  while (!isOver());
}

describe('the share of the event loop', () => {
  test('is over after some milliseconds, and rests for four times as long for the public', async () => {
    const slices: number[] = [];
    const page = shares.public.makePage('busy', async (turns) => {
      for (let each = 0; each < 3; each++) {
        await turns.slice(work);
        slices.push(clock.ms);
      }
    });
    await turn();
    expect(slices).toEqual([SLICE_MS]);
    expect(rests.map(({ ms }) => Math.round(ms))).toEqual([SLICE_MS * 4]);
    rests[0]?.done();
    await turn();
    expect(slices).toEqual([SLICE_MS, 2 * SLICE_MS]);
    rests[1]?.done();
    await page;
  });

  test('is one for all of a class, however many pages it makes', async () => {
    let slices = 0;
    const many = Array.from({ length: 10 }, () =>
      shares.public.makePage('busy', async (turns) => {
        await turns.slice(work);
        slices++;
      }),
    );
    for (let expected = 1; expected <= 10; expected++) {
      await turn();
      expect(slices).toBe(expected);
      rests[expected - 1]?.done();
    }
    await Promise.all(many);
  });

  test('of staff does not wait for the rest of the public', async () => {
    const everybody = shares.public.makePage('busy', async (turns) => {
      await turns.slice(work);
      await turns.slice(work);
    });
    await turn();
    let isDone = false;
    await shares.staff.makePage('busy', (turns) =>
      turns.slice((isOver) => {
        work(isOver);
        isDone = true;
      }),
    );
    expect(isDone).toBe(true);
    rests[0]?.done();
    await everybody;
  });

  test('goes on after a slice that threw', async () => {
    const failing = shares.public.makePage('busy', (turns) =>
      turns.slice(() => {
        throw new Error('a bug');
      }),
    );
    await expect(failing).rejects.toThrow('a bug');
    await shares.public.makePage('busy', (turns) => turns.slice(work));
  });
});

describe('the share of questions', () => {
  test('lets one of the public and some of staff reach history, in the order in which they came', async () => {
    const reached: string[] = [];
    const answers: (() => void)[] = [];
    const ask = (who: keyof CallerShares, name: string) =>
      shares[who].makePage('busy', (turns) =>
        turns.ask(async () => {
          reached.push(name);
          await new Promise<void>((answer) => answers.push(answer));
        }),
      );
    const all = [
      ask('public', 'p1'),
      ask('public', 'p2'),
      ask('staff', 's1'),
      ask('staff', 's2'),
      ask('public', 'p3'),
    ];
    await turn();
    expect(reached).toEqual(['p1', 's1', 's2']);
    answers[0]?.();
    await turn();
    expect(reached).toEqual(['p1', 's1', 's2', 'p2']);
    for (let each = 1; each < 5; each++) {
      answers[each]?.();
      await turn();
    }
    await Promise.all(all);
    expect(reached.at(-1)).toBe('p3');
  });

  test('passes on a place whose question failed', async () => {
    const ask = (work: () => Promise<void>) => shares.public.makePage('busy', (turns) => turns.ask(work));
    const failed = ask(() => Promise.reject(new Error('history is down')));
    const next = ask(async () => undefined);
    await expect(failed).rejects.toThrow('history is down');
    await next;
  });
});

describe('the share of pages', () => {
  test('refuses one more of the public and counts it, while staff has its own', async () => {
    const gate = Promise.withResolvers<void>();
    const open = Array.from({ length: SHARES.public.maxPages }, () =>
      shares.public.makePage('history-busy', () => gate.promise),
    );
    await expect(shares.public.makePage('history-busy', async () => undefined)).rejects.toMatchObject({
      status: 503,
      slug: 'history-busy',
      extra: { retryAfterS: 5 },
    });
    expect(await shares.staff.makePage('history-busy', async () => 'staff')).toBe('staff');
    expect(await metricValue(metrics, 'siaga_http_pages_refused_total')).toBe(1);
    gate.resolve();
    await Promise.all(open);
    expect(await shares.public.makePage('history-busy', async () => 'again')).toBe('again');
  });
});
