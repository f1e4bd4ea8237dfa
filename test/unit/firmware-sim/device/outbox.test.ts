import { describe, expect, it } from 'vitest';
import { MAX_BATCH, Outbox, type OutboxMessage } from '../../../../firmware-sim/device/outbox.ts';

function reading(seq: number): OutboxMessage {
  return { channel: 'telemetry', text: JSON.stringify({ seq }), batchable: true };
}

/** The `seq` of each reading in a payload, object or array. */
function seqsOf(payload: string | Buffer | undefined): number[] {
  const parsed = JSON.parse(String(payload ?? '[]')) as { seq: number } | { seq: number }[];
  return [parsed].flat().map((each) => each.seq);
}

describe('outbox', () => {
  it('sends a lone reading as an object and several as one array', () => {
    const outbox = new Outbox({ maxWaiting: 10, maxInFlight: 2 });
    outbox.put(reading(1));
    expect(outbox.take()?.payload).toBe('{"seq":1}');
    outbox.put(reading(2));
    outbox.put(reading(3));
    expect(outbox.take()?.payload).toBe('[{"seq":2},{"seq":3}]');
  });

  it('keeps a batch within what the contract allows', () => {
    const outbox = new Outbox({ maxWaiting: 2000, maxInFlight: 10 });
    for (let seq = 1; seq <= 1201; seq++) outbox.put(reading(seq));
    const sizes = [outbox.take(), outbox.take(), outbox.take()].map((each) => each?.messages.length);
    expect(sizes).toEqual([MAX_BATCH, MAX_BATCH, 201]);
  });

  it('drops the oldest when it is full, and counts them', () => {
    const outbox = new Outbox({ maxWaiting: 5, maxInFlight: 1 });
    for (let seq = 1; seq <= 8; seq++) outbox.put(reading(seq));
    expect(outbox.dropped).toBe(3);
    expect(seqsOf(outbox.take()?.payload)).toEqual([4, 5, 6, 7, 8]);
  });

  it('has no more in flight than its bound until a PUBACK makes room', () => {
    const outbox = new Outbox({ maxWaiting: 10, maxInFlight: 1 });
    outbox.put(reading(1));
    const first = outbox.take();
    outbox.put(reading(2));
    expect(outbox.take()).toBeUndefined();
    expect(outbox.acknowledge(first?.id ?? 0)).toBe(1);
    expect(seqsOf(outbox.take()?.payload)).toEqual([2]);
  });

  it('sends what was in flight again after a lost connection, before everything younger', () => {
    const outbox = new Outbox({ maxWaiting: 10, maxInFlight: 4 });
    outbox.put(reading(1));
    const lost = outbox.take();
    outbox.put(reading(2));
    outbox.take();
    outbox.put(reading(3));
    outbox.returnInFlight();
    expect(seqsOf(outbox.take()?.payload)).toEqual([1, 2, 3]);
    // A PUBACK of the lost connection that comes late covers nothing.
    expect(outbox.acknowledge(lost?.id ?? 0)).toBe(0);
    expect(outbox.unacknowledged).toBe(3);
  });

  it('does not keep for another connection what is only of now', () => {
    const outbox = new Outbox({ maxWaiting: 10, maxInFlight: 1 });
    const momentary = { ...reading(1), batchable: false, isMomentary: true, topic: 'tele/kali/SENSOR' };
    outbox.put(momentary);
    outbox.put(reading(2));
    outbox.put({ ...momentary, text: '{"seq":3}' });
    expect(outbox.take()).toMatchObject({ topic: 'tele/kali/SENSOR', payload: '{"seq":1}' });
    outbox.returnInFlight();
    expect(outbox.dropped).toBe(2);
    expect(outbox.unacknowledged).toBe(1);
    expect(outbox.take()?.payload).toBe('{"seq":2}');
  });

  it('never puts an answer or a broken payload into an array with readings', () => {
    const outbox = new Outbox({ maxWaiting: 10, maxInFlight: 9 });
    outbox.put(reading(1));
    outbox.put({ channel: 'ack', text: '{"ack":"accepted"}', batchable: false });
    outbox.put({ channel: 'telemetry', text: '{"seq":2,"lev', batchable: false });
    outbox.put(reading(3));
    const payloads = [outbox.take(), outbox.take(), outbox.take(), outbox.take()].map(
      (each) => each?.payload,
    );
    expect(payloads).toEqual(['{"seq":1}', '{"ack":"accepted"}', '{"seq":2,"lev', '{"seq":3}']);
  });
});
