/** Entries of the journal as rows of the log. */
import { expect, test } from 'vitest';
import type { DeviceMessage } from '../../../../journal/device-messages.ts';
import {
  digestReading,
  formatBatch,
  parseMessage,
  parseReading,
  parseRejection,
} from '../../../../journal/replica/log-entries.ts';
import { gaugeReading, rejectedMessage } from '../../../support/journal-fixture.ts';

const bytes = Buffer.from([0, 255, 123, 34, 10]);
const message: DeviceMessage = {
  ...{ channel: 'status', device: 'gauge-1', receivedAt: 7, topic: 'a/b', clientId: 'c', isReplay: true },
  payload: bytes,
};

test('a reading, a message and a rejection come back as they were, whatever bytes they bear', () => {
  const reading = gaugeReading(3, { values: { levelM: 1.1, state: 'ok\u0000"' } });
  const { device: _, ...rejection } = rejectedMessage(1, { payload: bytes });
  const batch = { readings: [reading], messages: [message], rejections: [rejection] };
  const [one, two, three] = [...formatBatch(batch, 'mark')];
  expect(parseReading(one?.document ?? '')).toEqual(reading);
  expect(parseMessage(two?.document ?? '')).toEqual(message);
  expect(parseRejection(three?.document ?? '')).toEqual(rejection);
  expect([one, two, three].map((row) => row?.kind)).toEqual(['reading', 'status', 'rejection']);
  // PostgreSQL takes no NUL in a text.
  for (const row of [one, two, three])
    expect(JSON.stringify(Object.values(row ?? {}))).not.toContain('\u0000');
});

test('a reading is known by its values in whatever order, and by what they are', () => {
  const reading = gaugeReading(1, { values: { levelM: 1, rainMm: 2 } });
  const digest = digestReading(reading);
  expect(digestReading({ ...reading, values: { rainMm: 2, levelM: 1 }, seq: 9, receivedAt: 1 })).toBe(digest);
  for (const values of [{ levelM: 1 }, { levelM: 1, rainMm: 2.5 }, { levelM: '1', rainMm: 2 }]) {
    expect(digestReading({ ...reading, values })).not.toBe(digest);
  }
  expect(digestReading({ ...reading, city: 'jakarta' })).not.toBe(digest);
});

test('the same message in two batches is two entries, and in one that is written again it is one', () => {
  const rows = (mark: string) =>
    [...formatBatch({ readings: [], messages: [message, message], rejections: [] }, mark)].map(
      ({ digest }) => digest,
    );
  expect(new Set([...rows('one'), ...rows('one'), ...rows('two')]).size).toBe(4);
});
