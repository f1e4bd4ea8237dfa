/** The bound before history, over an adapter whose answers come when the test lets them. */
import { Registry as Metrics } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { boundHistory } from '../../../../ingest/history/bound-history.ts';
import type { History, HistoryPage } from '../../../../ingest/history/history.ts';
import { metricValue } from '../../../support/journal-fixture.ts';

const RAW = { kind: 'river-gauge', device: 'bendung', fromMs: 0, toMs: 1, limit: 10 };
const WINDOWS = { ...RAW, everyMs: 1, fn: 'mean', timeZone: 'UTC' } as const;

interface Asked {
  answer(page: HistoryPage): void;
  fail(error: Error): void;
}

function openGround() {
  const asked: Asked[] = [];
  const answerLater = () => {
    const { promise, resolve, reject } = Promise.withResolvers<HistoryPage>();
    asked.push({ answer: resolve, fail: reject });
    return promise;
  };
  const slow: History = {
    problem: undefined,
    raw: answerLater,
    windows: answerLater,
    [Symbol.asyncDispose]: async () => undefined,
  };
  const metrics = new Metrics();
  return { asked, metrics, history: boundHistory(slow, { maxWaiting: 2, metrics }) };
}

describe('questions to history', () => {
  it('beyond those that may wait are refused at once and counted, and never reach it', async () => {
    const { asked, metrics, history } = openGround();
    const first = history.raw(RAW);
    const second = history.windows(WINDOWS);
    await expect(history.raw(RAW)).rejects.toMatchObject({ code: 'HISTORY_BUSY' });
    await expect(history.windows(WINDOWS)).rejects.toMatchObject({ code: 'HISTORY_BUSY' });
    expect(asked).toHaveLength(2);
    expect(await metricValue(metrics, 'siaga_history_refused_total')).toBe(2);
    for (const { answer } of asked) answer({ points: [] });
    expect(await Promise.all([first, second])).toEqual([{ points: [] }, { points: [] }]);
  });

  it('are taken again as soon as one is answered or has failed', async () => {
    const { asked, history } = openGround();
    const both = [history.raw(RAW), history.raw(RAW)];
    asked[0]?.fail(new Error('the disk fails'));
    await expect(both[0]).rejects.toThrow('the disk fails');
    const next = history.raw(RAW);
    expect(asked).toHaveLength(3);
    for (const { answer } of asked) answer({ points: [] });
    await Promise.all([both[1], next]);
  });
});
