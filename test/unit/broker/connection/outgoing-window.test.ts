/** What a client has yet to acknowledge: its identifiers and its bound. */
import { expect, test } from 'vitest';
import { OutgoingWindow } from '../../../../broker/connection/outgoing-window.ts';
import { PUBACK, PUBCOMP } from '../../../../broker/connection/packet-check.ts';

test('identifiers go from 1 to 65535 and around, past those that are in use', () => {
  const window = new OutgoingWindow();
  const kept = window.open(1);
  expect(kept).toBe(1);
  for (let id = 2; id <= 65_535; id++) {
    expect(window.open(1)).toBe(id);
    window.acknowledge(PUBACK, id);
  }
  expect(window.open(1)).toBe(2);
});

test('of a client that acknowledges nothing the newest thousand are judged', () => {
  const window = new OutgoingWindow();
  for (let id = 1; id <= 1_001; id++) window.open(1);
  expect(window.acknowledge(PUBCOMP, 1)).toBe('unasked');
  expect(window.acknowledge(PUBCOMP, 2)).toBe('wrong');
  expect(window.acknowledge(PUBCOMP, 1_001)).toBe('wrong');
});

test('what is forgotten may have its identifier again', () => {
  const window = new OutgoingWindow();
  window.forget(window.open(2));
  expect(window.acknowledge(PUBACK, 1)).toBe('unasked');
});
