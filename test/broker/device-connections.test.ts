/** Connected is not heard: since when a device's socket is open, and how its last one ended. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openTestBroker, type TestBroker } from '../support/test-broker.ts';

const START_MS = Date.UTC(2026, 0, 15);
let nowMs = START_MS;
let siaga: TestBroker;
beforeEach(async () => {
  nowMs = START_MS;
  siaga = await openTestBroker({}, { now: () => nowMs });
});
afterEach(() => siaga[Symbol.asyncDispose]());

const of = (device: string) => siaga.broker.connectionOf(device);

describe('the connection of a device', () => {
  test('is unknown until it was connected', () => {
    expect(of('gauge-1')).toBeUndefined();
  });

  test('is open since its CONNECT, also when it says nothing', async () => {
    const client = await siaga.device();
    await client.ping();
    nowMs += 60_000;
    expect(of('gauge-1')).toEqual({ openSinceMs: START_MS, lastEnd: undefined });
  });

  test.each([
    ['client-disconnect', true],
    ['client-closed', false],
  ])('ends with its reason: %s', async (reason, saysGoodbye) => {
    const client = await siaga.device();
    await client.ping();
    nowMs += 5_000;
    if (saysGoodbye) client.send({ cmd: 'disconnect' });
    else client.destroy();
    const lastEnd = { atMs: START_MS + 5_000, reason };
    await expect.poll(() => of('gauge-1')).toEqual({ openSinceMs: undefined, lastEnd });
  });

  test('of two, the end of the older leaves the newer one open', async () => {
    await (await siaga.device()).ping();
    nowMs += 5_000;
    await (await siaga.device()).ping();
    const lastEnd = { atMs: START_MS + 5_000, reason: 'taken-over' };
    await expect.poll(() => of('gauge-1')).toEqual({ openSinceMs: START_MS + 5_000, lastEnd });
  });

  test('is none of an observer', async () => {
    await (await siaga.observer()).ping();
    expect(of('observer:room')).toBeUndefined();
  });
});
