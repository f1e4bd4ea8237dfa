/** All cases again, with a tick of the clock each five seconds, six times as many as in the quick run. */
import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { FIRST_TICK_MS } from '../support/alert-case.ts';
import { describeCases } from './cases.suite.ts';

test('the files of the quick run have the whole alphabet between them', () => {
  const ranges = readdirSync(import.meta.dirname).flatMap((name) => {
    const [, first = '', last = ''] = /^cases-(.)-to-(.)\.test\.ts$/.exec(name) ?? [];
    return first ? [[first, last] as const] : [];
  });
  const letters = Array.from({ length: 26 }, (_, index) => String.fromCharCode(97 + index));
  for (const letter of letters) {
    const having = ranges.filter(([first, last]) => letter >= first && letter <= last);
    expect(having, letter).toHaveLength(1);
  }
});

describeCases('a', 'z', { tickMs: FIRST_TICK_MS });
