import { pino } from 'pino';
import { expect, test } from 'vitest';
import { createLogLimiter } from '../../../../broker/connection/log-limiter.ts';

test('lines of one cause are bounded in ten seconds, and how many were left out is said', () => {
  let now = 0;
  const lines: { msg: string; leftOut?: number }[] = [];
  const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const limiter = createLogLimiter(log, () => now);
  for (let line = 0; line < 25; line++) limiter.log('info', 'flood', {}, 'told');
  expect(lines).toHaveLength(20);
  now = 10_000;
  limiter.log('info', 'flood', {}, 'told');
  expect(lines.slice(20)).toMatchObject([{ leftOut: 5 }, { msg: 'told' }]);
});
