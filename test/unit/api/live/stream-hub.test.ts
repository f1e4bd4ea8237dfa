import { EventEmitter } from 'node:events';
import { beforeEach, describe, expect, test } from 'vitest';
import { createStreamHub, type StreamEnd, type StreamHub } from '../../../../api/live/stream-hub.ts';
import { createLiveFeed, type LiveFeed } from '../../../../fleet/live-feed.ts';

/** A socket that takes so many bytes until it is drained. */
class Socket extends EventEmitter {
  text = '';
  roomBytes: number;
  ended = false;
  destroyed = false;
  constructor(roomBytes = Number.POSITIVE_INFINITY) {
    super();
    this.roomBytes = roomBytes;
  }
  write(chunk: string): boolean {
    this.text += chunk;
    this.roomBytes -= chunk.length;
    return this.roomBytes > 0;
  }
  drain(roomBytes: number): void {
    this.roomBytes = roomBytes;
    this.emit('drain');
  }
  end(): void {
    this.ended = true;
  }
  destroy(): void {
    this.destroyed = true;
  }
  /** `[number, type]` of every event that was sent. */
  get events(): [number, string][] {
    const found = this.text.matchAll(/id: run-1-(\d+)\nevent: (?!ready|heartbeat)([a-z]+)\n/g);
    return [...found].map(([, number, type]) => [Number(number), type as string]);
  }
}

const KEPT = 2_000;
const level = (levelM: number) => ({ kind: 'river-gauge', device: 'bendung', values: { levelM } });
const fix = { kind: 'ambulance', device: 'motor-1', values: { lat: -7, lng: 110.4 } };

let feed: LiveFeed;
let hub: StreamHub;
let ends: StreamEnd[];
let sent: number;

beforeEach(() => {
  feed = createLiveFeed(KEPT, 'run-1');
  ends = [];
  sent = 0;
  hub = createStreamHub({ feed, onEnd: (why) => ends.push(why), onSent: (events) => (sent += events) });
});

function publish(count: number): void {
  for (let number = 0; number < count; number++) feed.publish('reading', level(number));
}

describe('a stream', () => {
  test('begins with now and is sent each event once, in order, whatever the number of flushes', () => {
    publish(3);
    const socket = new Socket();
    hub.open({ response: socket, isPublic: false });
    publish(2);
    hub.flush();
    hub.flush();
    feed.publish('incident', { id: 1 });
    hub.flush();
    expect(socket.events).toEqual([
      [4, 'reading'],
      [5, 'reading'],
      [6, 'incident'],
    ]);
    expect(socket.text).toMatch(/^retry: \d+\nid: run-1-3\nevent: ready\ndata: \{"epoch":"run-1"\}\n\n/);
    expect(socket.text).toContain(
      'data: {"kind":"river-gauge","device":"bendung","values":{"levelM":0}}\n\n',
    );
    expect(sent).toBe(3);
  });

  test('resumes after the event that it saw last', () => {
    publish(10);
    const socket = new Socket();
    hub.open({ response: socket, isPublic: false, lastEventId: 'run-1-7' });
    expect(socket.events.map(([number]) => number)).toEqual([8, 9, 10]);
    expect(socket.text).not.toContain('event: reset');
  });

  test.each([
    ['another run', 'run-0-7'],
    ['the future', 'run-1-99999'],
    ['nothing that we wrote', 'garbage'],
    ['a run without a number', 'run-1-'],
  ])('is told reset when its last event is of %s', (_what, lastEventId) => {
    publish(10);
    const socket = new Socket();
    hub.open({ response: socket, isPublic: false, lastEventId });
    expect(socket.events).toEqual([[10, 'reset']]);
  });

  test('is told reset when events after its last one are gone', () => {
    publish(2);
    // Whoever was told number 2 may resume from there.
    expect(feed.lastNumber).toBe(2);
    publish(KEPT);
    const socket = new Socket();
    hub.open({ response: socket, isPublic: false, lastEventId: 'run-1-1' });
    expect(socket.events).toEqual([[KEPT + 2, 'reset']]);
    const other = new Socket();
    hub.open({ response: other, isPublic: false, lastEventId: 'run-1-2' });
    expect(other.events).toHaveLength(KEPT);
  });

  test('is told reset, and then misses nothing, when nobody had watched for longer than events are kept', () => {
    let made = 0;
    const body = () => level(made++);
    for (let number = 0; number < 3 * KEPT; number++) feed.publish('reading', body);
    expect(made).toBe(KEPT);
    const socket = new Socket();
    hub.open({ response: socket, isPublic: false, lastEventId: `run-1-${3 * KEPT - 1}` });
    feed.publish('reading', body);
    hub.flush();
    expect(socket.events).toEqual([
      [3 * KEPT, 'reset'],
      [3 * KEPT + 1, 'reading'],
    ]);
  });

  test('carries the types that were asked for', () => {
    const socket = new Socket();
    hub.open({ response: socket, isPublic: false, types: new Set(['alert', 'incident']) });
    publish(2);
    feed.publish('alert', { id: 'a' });
    hub.flush();
    expect(socket.events).toEqual([[3, 'alert']]);
  });

  test('that is brief says once a batch that something of a type happened, and nothing of it', () => {
    const [brief, whole] = [new Socket(), new Socket()];
    hub.open({ response: brief, isPublic: true, isBrief: true });
    hub.open({ response: whole, isPublic: true });
    publish(3);
    hub.flush();
    publish(2);
    hub.flush();
    expect(brief.events).toEqual([
      [3, 'reading'],
      [5, 'reading'],
    ]);
    expect(brief.text).not.toContain('levelM');
    expect(brief.text.match(/^data: \{\}$/gm)).toHaveLength(2);
    expect(whole.events).toHaveLength(5);
  });

  test('of the public carries rivers, Wi-Fi and alerts, and no unit, incident, hospital or alert for staff', () => {
    const everybody = new Socket();
    const staff = new Socket();
    hub.open({ response: everybody, isPublic: true });
    hub.open({ response: staff, isPublic: false });
    feed.publish('reading', level(1));
    feed.publish('reading', fix);
    feed.publish('reading', { device: 'of no known kind' });
    feed.publish('presence', { kind: 'wifi-access-point', device: 'ap', presence: 'offline' });
    feed.publish('presence', { kind: 'ambulance', device: 'motor-1', presence: 'online' });
    feed.publish('alert', { id: 'flood' });
    feed.publish('alert', { id: 'no-acknowledgement', audience: 'staff' });
    feed.publish('alert', { id: 'silent', kind: 'ambulance' });
    feed.publish('fleet', fix);
    feed.publish('incident', { id: 1 });
    feed.publish('hospital', { id: 'h' });
    hub.flush();
    expect(everybody.events.map(([number]) => number)).toEqual([1, 4, 6]);
    expect(everybody.text).not.toContain('motor-1');
    expect(staff.events).toHaveLength(11);
  });

  test('holds no block without an event and its data, whatever happens on it', () => {
    publish(3);
    const resumed = new Socket();
    hub.open({ response: resumed, isPublic: false, lastEventId: 'run-1-1' });
    const quiet = new Socket();
    hub.open({ response: quiet, isPublic: true, types: new Set(['alert']) });
    const lost = new Socket();
    hub.open({ response: lost, isPublic: false, lastEventId: 'run-0-1' });
    for (let round = 0; round < 3; round++) {
      publish(2);
      hub.flush();
      hub.beat();
      hub.beat();
    }
    for (const { text } of [resumed, quiet, lost]) {
      const blocks = text.split('\n\n').slice(0, -1);
      expect(blocks.length).toBeGreaterThan(3);
      for (const block of blocks) expect(block).toMatch(/\nevent: \w+\ndata: .+$|^event: \w+\ndata: .+$/);
      for (const block of blocks) expect(block).toMatch(/(^|\n)id: run-1-\d+\n/);
      // What is left is a comment that ends nothing.
      expect(text.split('\n\n').at(-1)).toMatch(/^(: heartbeat\n)*$/);
    }
  });

  test('moves its id on with a heartbeat, so that a quiet filter can resume', () => {
    const socket = new Socket();
    hub.open({ response: socket, isPublic: false, types: new Set(['hospital']) });
    publish(KEPT);
    hub.beat();
    expect(socket.text.endsWith(`id: run-1-${KEPT}\nevent: heartbeat\ndata: {"epoch":"run-1"}\n\n`)).toBe(
      true,
    );
    hub.beat();
    expect(socket.text.endsWith('\n\n: heartbeat\n')).toBe(true);
  });
});

describe('a slow client', () => {
  test('is sent no more than one batch until its socket drains, and then misses nothing', () => {
    const socket = new Socket(200);
    hub.open({ response: socket, isPublic: false });
    publish(1_800);
    hub.flush();
    hub.flush();
    expect(socket.events).toHaveLength(500);
    socket.drain(1);
    expect(socket.events).toHaveLength(1_000);
    socket.drain(Number.POSITIVE_INFINITY);
    expect(socket.events.map(([number]) => number)).toEqual(Array.from({ length: 1_800 }, (_, at) => at + 1));
  });

  test('does not hold up the others', () => {
    const slow = new Socket(1);
    const quick = new Socket();
    hub.open({ response: slow, isPublic: false });
    hub.open({ response: quick, isPublic: false });
    publish(5);
    hub.flush();
    expect(slow.events).toHaveLength(0);
    expect(quick.events).toHaveLength(5);
  });

  test('that falls behind what is kept is dropped and counted', () => {
    const socket = new Socket(1);
    hub.open({ response: socket, isPublic: false });
    publish(KEPT + 1);
    hub.flush();
    expect(hub.size).toBe(1);
    socket.drain(Number.POSITIVE_INFINITY);
    expect(socket.destroyed).toBe(true);
    expect(ends).toEqual(['behind']);
    expect(hub.size).toBe(0);
  });

  test('that takes nothing for four heartbeats is dropped', () => {
    const socket = new Socket(1);
    hub.open({ response: socket, isPublic: false });
    for (let beat = 0; beat < 3; beat++) hub.beat();
    expect(ends).toEqual([]);
    hub.beat();
    expect(socket.destroyed).toBe(true);
    expect(ends).toEqual(['stalled']);
  });
});

describe('the hub', () => {
  test('forgets a client that closes', () => {
    const socket = new Socket();
    hub.open({ response: socket, isPublic: false });
    socket.emit('close');
    publish(1);
    hub.flush();
    expect(hub.size).toBe(0);
    expect(socket.events).toEqual([]);
    expect(ends).toEqual(['closed']);
  });

  test('ends the streams of a revoked token and no others', () => {
    const sockets = (['token 1', 'session 2', undefined] as const).map((credential) => {
      const socket = new Socket();
      hub.open({ response: socket, isPublic: false, ...(credential ? { credential } : {}) });
      return socket;
    });
    hub.endCredentials((credential) => credential === 'session 2');
    expect(sockets.map(({ ended }) => ended)).toEqual([false, true, false]);
    expect(ends).toEqual(['revoked']);
  });

  test('ends all when the process closes', () => {
    const socket = new Socket();
    hub.open({ response: socket, isPublic: false });
    hub.close();
    expect(socket.ended).toBe(true);
    expect(ends).toEqual(['closing']);
  });

  test('spreads reconnections', () => {
    const retries = Array.from({ length: 40 }, () => {
      const socket = new Socket();
      hub.open({ response: socket, isPublic: false });
      return Number(/retry: (\d+)/.exec(socket.text)?.[1]);
    });
    expect(new Set(retries).size).toBe(30);
    expect(Math.min(...retries)).toBe(2_000);
    expect(Math.max(...retries)).toBe(4_900);
  });
});
