/** What the log says of connections: enough of each subject, never all of one. */
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { createLogLimiter } from '../../../../broker/connection/log-limiter.ts';

interface Line {
  readonly msg: string;
  readonly subject?: string;
  readonly leftOut?: number;
}
function open() {
  const clock = { ms: 1_700_000_000_000 };
  const lines: Line[] = [];
  const log = pino({ level: 'info' }, { write: (text: string) => lines.push(JSON.parse(text)) });
  const limiter = createLogLimiter(log, () => clock.ms);
  const say = (subject: string, cause = 'taken-over') =>
    limiter.log('info', cause, subject, { subject }, 'ended');
  return { clock, lines, say };
}

test('one subject that ends all the time leaves room for the lines of the others', () => {
  const { lines, say } = open();
  for (let times = 0; times < 1_000; times++) say('contested');
  for (const other of ['a', 'b', 'c']) say(other);
  expect(lines.map(({ subject }) => subject)).toEqual(['contested', 'contested', 'contested', 'a', 'b', 'c']);
});

test('how many lines of a subject were left out is said in its next one', () => {
  const { clock, lines, say } = open();
  for (let times = 0; times < 10; times++) say('contested');
  clock.ms += 60_000;
  say('contested');
  expect(lines.at(-1)).toMatchObject({ subject: 'contested', leftOut: 7 });
});

test('a storm of ten thousand subjects is twenty lines and a count', () => {
  const { clock, lines, say } = open();
  for (let device = 0; device < 10_000; device++) say(`device-${device}`);
  expect(lines).toHaveLength(20);
  clock.ms += 10_000;
  say('the next');
  expect(lines.at(-2)).toMatchObject({ msg: 'lines of this cause were left out', leftOut: 9_980 });
});

test('each cause has lines of its own', () => {
  const { lines, say } = open();
  for (let times = 0; times < 10; times++) {
    say('a', 'taken-over');
    say('a', 'malformed');
  }
  expect(lines).toHaveLength(6);
});

test('a clock that was set back for hours does not silence the log', () => {
  const { clock, lines, say } = open();
  for (let times = 0; times < 5; times++) say('a');
  clock.ms -= 7_200_000;
  say('a');
  expect(lines.at(-1)).toMatchObject({ subject: 'a', leftOut: 2 });
});
