import { describe, expect, it } from 'vitest';
import { describeAccount, describeTotals, keepShowingProgress } from '../../../firmware-sim/progress.ts';
import { createTotals } from '../../../firmware-sim/totals.ts';
import { createManualClock } from './support/manual-clock.ts';

function record(isTTY: boolean) {
  const written: string[] = [];
  const output = { isTTY, columns: 20, write: (text: string) => written.push(text) };
  return { written, output };
}

describe('progress', () => {
  it('is rewritten in place on a terminal and cut to its width', () => {
    const clock = createManualClock();
    const { written, output } = record(true);
    const progress = keepShowingProgress(() => 'a line that is longer than the terminal', output, clock);
    clock.advance(1_000);
    progress.stop();
    expect(written.some((text) => text.includes('\n'))).toBe(false);
    expect(written.filter((text) => text === 'a line that is long')).toHaveLength(2);
  });

  it('is a line every ten seconds elsewhere', () => {
    const clock = createManualClock();
    const { written, output } = record(false);
    const progress = keepShowingProgress(() => 'line', output, clock);
    clock.advance(30_000);
    progress.stop();
    clock.advance(30_000);
    expect(written).toEqual(['line\n', 'line\n', 'line\n']);
  });

  it('says what was lost and why the rest cannot connect', () => {
    const totals = createTotals();
    totals.devices = 3;
    totals.connected = 1;
    totals.put = 1200;
    totals.dropped = 7;
    totals.refused.set('ECONNREFUSED', 4);
    expect(describeTotals(totals, 12)).toBe(
      '1/3 connected · 1,200 published · 0 acked · 12 buffered · 7 dropped · refused: ECONNREFUSED ×4',
    );
  });

  it('closes with an account of every message', () => {
    const totals = { ...createTotals(), put: 10, publishes: 6, acknowledged: 7, dropped: 1, lost: 2 };
    expect(describeAccount(totals, 2)).toBe(
      '10 messages in 6 publishes: 7 acknowledged, 2 unacknowledged, 1 dropped; 2 connections lost on the way.',
    );
  });
});
