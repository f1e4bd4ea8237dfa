/** The plan of notices, by occasions as the lifecycle gives them: what is told at once, together, never. */
import { beforeEach, describe, expect, test } from 'vitest';
import type { Alert, LogEntry } from '../../../../alerts/alert.ts';
import type { Channel } from '../../../../alerts/notices/channel.ts';
import { NoticePlanner } from '../../../../alerts/notices/plan.ts';
import { formatWords } from '../../../../alerts/notices/words.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const CHANNELS: Channel[] = [
  { name: 'people', audience: 'people', isPublic: false, send: async () => undefined },
];

/** The lifecycle's records, as far as the planner asks, with a clock. */
class Storm {
  readonly open = new Map<string, Alert>();
  readonly closed = new Map<string, Alert>();
  readonly touched = new Set<string>();
  planner = new NoticePlanner(CHANNELS);
  nowMs = 1_000_000;
  /** Of each message: what it says, in order. */
  readonly told: string[][] = [];

  find(id: string): Alert | undefined {
    return this.open.get(id) ?? this.closed.get(id);
  }
  touch(alert: Alert): void {
    this.touched.add(alert.id);
  }
  say(id: string, change: LogEntry['change'], severity: Alert['severity'], more: object = {}): void {
    const known = this.find(id);
    const alert = known ?? buildAlert(id);
    alert.severity = severity;
    alert.revision++;
    const isEnd = change === 'resolved' || change === 'withdrawn';
    (isEnd ? this.closed : this.open).set(id, alert);
    (isEnd ? this.open : this.closed).delete(id);
    const occasion = { alert: { ...alert }, change, flapping: false, silence: undefined, ...more };
    this.#keep(this.planner.plan(occasion, this, this.nowMs));
  }
  pass(ms: number): void {
    for (const until = this.nowMs + ms; this.nowMs < until; ) {
      this.nowMs += SECOND_MS;
      this.#keep(this.planner.digests(this, this.nowMs));
    }
  }
  #keep(drafts: ReturnType<NoticePlanner['plan']>): void {
    for (const { body } of drafts) {
      const words = [body, ...body.also].map(({ alert, change }) => `${alert.id} ${change}`);
      this.told.push(words);
    }
  }
}

function buildAlert(id: string): Alert {
  const part: Partial<Alert> = {
    ...{ id, city: 'semarang', rule: 'river-level', subject: id, subjectName: `Kali ${id}` },
    ...{ group: 'flood:semarang', revision: 0, exercise: false, flapping: false, subjectKind: 'river-gauge' },
    label: { id: 'Waspada', en: 'Watch' },
    text: { id: `Kali ${id} naik.`, en: `Kali ${id} rises.` },
    ...{
      highestSeverity: 'minor',
      foldedInto: undefined,
      notifiedSeverity: undefined,
      log: [],
      evidence: [],
    },
  };
  return part as Alert;
}

let storm: Storm;
beforeEach(() => {
  storm = new Storm();
});

describe('the starts of one storm', () => {
  test('the first and each higher one go at once, and take along what waited', () => {
    storm.say('a', 'opened', 'minor');
    storm.say('b', 'opened', 'minor');
    storm.say('c', 'opened', 'severe');
    expect(storm.told).toEqual([['a opened'], ['c opened', 'b opened']]);
  });

  test('the first of the top level goes at once, others of it within a minute, together', () => {
    storm.say('a', 'opened', 'extreme');
    storm.say('b', 'opened', 'extreme');
    storm.say('c', 'opened', 'minor');
    storm.say('d', 'opened', 'extreme');
    storm.pass(MINUTE_MS);
    expect(storm.told).toEqual([['a opened'], ['b opened', 'd opened', 'c opened']]);
  });

  test('one that gets worse while it waits is told once, as a start', () => {
    storm.say('a', 'opened', 'moderate');
    storm.say('b', 'opened', 'minor');
    storm.say('b', 'upgraded', 'moderate');
    storm.pass(5 * MINUTE_MS);
    expect(storm.told).toEqual([['a opened'], ['b opened']]);
  });

  test('one that is over before it was told is told to nobody', () => {
    storm.say('a', 'opened', 'moderate');
    storm.say('b', 'opened', 'minor');
    storm.say('b', 'resolved', 'minor');
    storm.pass(20 * MINUTE_MS);
    expect(storm.told).toEqual([['a opened']]);
  });
});

describe('the ends of one storm', () => {
  beforeEach(() => {
    for (const id of ['a', 'b', 'c']) storm.say(id, 'opened', 'extreme');
    storm.pass(MINUTE_MS);
    storm.told.length = 0;
  });

  test('come together when the last of it is over', () => {
    storm.say('a', 'resolved', 'minor');
    storm.pass(5 * MINUTE_MS);
    storm.say('b', 'resolved', 'minor');
    storm.say('c', 'withdrawn', 'minor');
    storm.pass(MINUTE_MS);
    expect(storm.told).toHaveLength(1);
    expect(storm.told[0]?.toSorted()).toEqual(['a resolved', 'b resolved', 'c withdrawn']);
  });

  test('wait a quarter of an hour for the others at most', () => {
    storm.say('a', 'resolved', 'minor');
    storm.pass(14 * MINUTE_MS);
    expect(storm.told).toEqual([]);
    storm.pass(2 * MINUTE_MS);
    expect(storm.told).toEqual([['a resolved']]);
  });

  test('one that is taken back meanwhile is told to nobody, unless it comes back higher', () => {
    storm.say('a', 'resolved', 'minor');
    storm.say('a', 'reopened', 'extreme');
    storm.say('b', 'resolved', 'minor');
    storm.pass(MINUTE_MS);
    expect(storm.told).toEqual([]);
  });

  test('are told to those who heard of the start, silenced or not, folded or not', () => {
    const silence = { createdBy: 'rina' } as never;
    storm.say('a', 'resolved', 'minor', { silence });
    Object.assign(storm.find('b') ?? {}, { foldedInto: 'uplink' });
    storm.say('b', 'resolved', 'minor', { silence });
    storm.say('c', 'resolved', 'minor', { flapping: true });
    storm.pass(20 * MINUTE_MS);
    expect(storm.told.flat().toSorted()).toEqual(['a resolved', 'b resolved', 'c resolved']);
  });
});

test('a start and its end in one batch of readings are both told', () => {
  storm.say('a', 'opened', 'extreme');
  storm.say('a', 'resolved', 'minor');
  storm.pass(MINUTE_MS);
  expect(storm.told).toEqual([['a opened'], ['a resolved']]);
});

test('blindness of six gauges in one second is one message, and none of those that see again', () => {
  const ids = ['a', 'b', 'c', 'd', 'e', 'f'];
  for (const id of ids) storm.say(id, 'opened', 'severe');
  storm.pass(5 * MINUTE_MS);
  storm.told.length = 0;
  for (const id of ids) storm.say(id, 'blind', 'severe');
  storm.say('c', 'sighted', 'severe');
  storm.pass(2 * MINUTE_MS);
  expect(storm.told).toEqual([['a blind', 'b blind', 'd blind', 'e blind', 'f blind']]);
});

test('silences that end together are told together, the first of them at once', () => {
  const silence = { createdBy: 'rina' } as never;
  for (const id of ['a', 'b', 'c']) storm.say(id, 'opened', 'severe', { silence });
  for (const id of ['a', 'b', 'c']) storm.say(id, 'unsilenced', 'severe');
  storm.pass(2 * MINUTE_MS);
  expect(storm.told).toEqual([['a unsilenced'], ['b unsilenced', 'c unsilenced']]);
});

test('what waits outlasts a restart, also as version 0.1.0 left it', () => {
  storm.say('a', 'opened', 'severe');
  storm.say('b', 'opened', 'severe');
  const saved = JSON.parse(JSON.stringify(storm.planner.save()));
  const { dueAt } = saved[0][1].waiting[0];
  const old = [['flood:semarang', { rank: 3, digestAt: dueAt, waiting: ['b', 'gone'] }]];
  for (const each of [saved, old]) {
    storm.told.length = 0;
    storm.planner = new NoticePlanner(CHANNELS);
    storm.planner.restore(each, storm.open);
    Object.assign(storm.find('b') ?? {}, { notifiedSeverity: undefined });
    storm.pass(5 * MINUTE_MS);
    expect(storm.told).toEqual([['b opened']]);
    storm.nowMs -= 5 * MINUTE_MS;
  }
});

test('a gauge stands in a message once, with the worst of it; the rest counts as told', () => {
  storm.say('a', 'opened', 'severe');
  storm.say('b', 'opened', 'minor');
  storm.open.set('b-rises', { ...buildAlert('b-rises'), subject: 'b' });
  storm.say('b-rises', 'opened', 'moderate');
  storm.pass(5 * MINUTE_MS);
  expect(storm.told).toEqual([['a opened'], ['b-rises opened']]);
  expect(storm.find('b')?.notifiedSeverity).toBe('minor');
});

test('a rise that has passed while it waited is told no more; of ends the highest flood leads', () => {
  storm.say('a', 'opened', 'extreme');
  storm.say('b', 'opened', 'severe');
  storm.pass(5 * MINUTE_MS);
  storm.say('c', 'opened', 'extreme');
  storm.say('b', 'upgraded', 'extreme');
  storm.say('b', 'downgraded', 'severe');
  storm.pass(2 * MINUTE_MS);
  for (const id of ['a', 'b', 'c']) Object.assign(storm.find(id) ?? {}, { highestSeverity: 'extreme' });
  Object.assign(storm.find('b') ?? {}, { highestSeverity: 'minor' });
  for (const id of ['b', 'a', 'c']) storm.say(id, 'resolved', 'minor');
  storm.pass(MINUTE_MS);
  expect(storm.told).toEqual([
    ['a opened'],
    ['b opened'],
    ['c opened'],
    ['a resolved', 'c resolved', 'b resolved'],
  ]);
});

test('another storm has a message of its own', () => {
  storm.say('a', 'opened', 'severe');
  const other = { ...buildAlert('ap'), group: 'wifi:fibre' };
  storm.open.set('ap', other);
  storm.say('ap', 'opened', 'minor');
  expect(storm.told).toEqual([['a opened'], ['ap opened']]);
});

test('a flood waits for no exercise that people were told of a moment before, and shares no message with it', () => {
  storm.open.set('drill', { ...buildAlert('drill'), exercise: true });
  storm.say('drill', 'opened', 'extreme');
  storm.say('a', 'opened', 'minor');
  storm.say('drill', 'resolved', 'minor');
  storm.pass(20 * MINUTE_MS);
  expect(storm.told).toEqual([['drill opened'], ['a opened'], ['drill resolved']]);
});

test('a message names all that it speaks for in one language after the other, and says how many it leaves out', () => {
  const alerts = Array.from({ length: 18 }, (_, index) => ({
    ...buildAlert(`k${index}`),
    severity: 'severe',
  }));
  const [lead, ...rest] = alerts as Alert[];
  const also = rest.map((alert) => ({ alert, change: 'resolved' as const }));
  const { subject, text } = formatWords(
    { alert: lead as Alert, change: 'opened', also, silencedBy: null },
    undefined,
  );
  const lines = text.split('\n');
  expect(subject).toBe('MULAI: Kali k0, Waspada (+17)');
  expect(lines[0]).toBe('MULAI: Waspada. Kali k0 naik.');
  expect(lines[1]).toBe('• SELESAI: Waspada. Kali k1 naik.');
  expect(lines[9]).toBe('• dan 9 peringatan lain; lihat halaman ruang situasi.');
  expect(lines[10]).toBe('STARTED: Watch (severe). Kali k0 rises.');
  expect(lines).toHaveLength(20);
});
