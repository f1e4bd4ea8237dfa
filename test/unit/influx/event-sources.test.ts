import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Alert } from '../../../alerts/alert.ts';
import type { NoticeBody } from '../../../alerts/notices/channel.ts';
import type { Database } from '../../../database/database.ts';
import { alertEvents, incidentEvents } from '../../../influx/event-sources.ts';
import { openMemoryDatabase } from '../../support/memory-database.ts';

const NOW = Date.UTC(2026, 0, 15, 2, 30);

let database: Database;
beforeEach(async () => {
  database = await openMemoryDatabase();
});
afterEach(() => database.destroy());

type Told = Pick<
  Alert,
  'id' | 'rule' | 'subject' | 'subjectName' | 'state' | 'severity' | 'label' | 'exercise' | 'changedAt'
>;
const alert: Told = {
  id: 'alert-1',
  rule: 'level',
  subject: 'bendung-simongan',
  subjectName: 'Bendung Simongan',
  state: 'open',
  severity: 'severe',
  label: { id: 'Siaga 1', en: 'Alert 1' },
  exercise: true,
  changedAt: NOW,
};

async function tell(
  revision: number,
  channel: string,
  told: Told,
  change: NoticeBody['change'],
): Promise<void> {
  await database
    .insertInto('notices')
    .values({
      key: `${told.id}:${revision}:${channel}`,
      channel,
      alert: told.id,
      revision,
      urgency: 0,
      body: JSON.stringify({ alert: told, change, also: [], silencedBy: null }),
      state: 'sent',
      attempts: 1,
      next_at: 0,
      created_at: NOW,
      done_at: NOW,
      outcome: null,
    })
    .execute();
}

describe('the log of alerts', () => {
  it('gives each revision once, whatever other channels were told, and no severity once it is over', async () => {
    await tell(1, 'mqtt', alert, 'opened');
    await tell(1, 'webhook', alert, 'opened');
    await tell(2, 'mqtt', { ...alert, state: 'resolved', changedAt: NOW + 60_000 }, 'resolved');
    const source = alertEvents(database);
    const events = await source.readAfter(0, 10);
    expect(events.map(({ event }) => event)).toEqual([
      {
        type: 'alert',
        atMs: NOW,
        alert: 'alert-1',
        device: 'bendung-simongan',
        rule: 'level',
        severity: 'severe',
        state: 'opened',
        title: 'Bendung Simongan: Siaga 1',
        simulated: true,
      },
      expect.objectContaining({ atMs: NOW + 60_000, severity: undefined, state: 'resolved' }),
    ]);
    expect(await source.readAfter(events.at(-1)?.position ?? 0, 10)).toEqual([]);
  });
});

describe('the log of incidents', () => {
  const audit = async (incident: number | null, action: string, afterS: number, unit: string | null = null) =>
    database
      .insertInto('dispatch_audit')
      .values({
        at: NOW + afterS * 1000,
        actor: 'dispatcher',
        action,
        incident,
        assignment: null,
        unit,
        note: null,
      })
      .execute();
  const call = async () => {
    const { insertId } = await database
      .insertInto('incidents')
      .values({
        state: 'open',
        classification: null,
        category: 'fall',
        priority: 1,
        caller_name: null,
        caller_phone: null,
        place: null,
        kecamatan: 'Gajahmungkur',
        lat: null,
        lng: null,
        needs_transport: 0,
        duplicate_of: null,
        outcome: null,
        received_at: NOW,
        triaged_at: null,
        closed_at: null,
        created_by: 'dispatcher',
        idempotency_key: null,
        simulated: 0,
      })
      .executeTakeFirst();
    return Number(insertId);
  };

  it('counts a call once: the first arrival is the response, the second unit arrives after it', async () => {
    const incident = await call();
    await audit(incident, 'reported', 0);
    await audit(incident, 'en-route', 60, 'moto-01');
    await audit(null, 'out-of-service', 70, 'moto-07');
    await audit(incident, 'on-scene', 400, 'moto-01');
    await audit(incident, 'on-scene', 700, 'amb-02');
    const events = await incidentEvents(database).readAfter(0, 10);
    expect(
      events.map(({ event }) => event.type === 'incident' && [event.step, event.sinceCallS, event.device]),
    ).toEqual([
      ['reported', 0, undefined],
      ['en-route', 60, 'moto-01'],
      ['on-scene', 400, 'moto-01'],
      ['on-scene-next', 700, 'amb-02'],
    ]);
    expect(events[0]?.event.title).toBe('fall, Gajahmungkur');
  });

  it('goes on after a position, page by page', async () => {
    const incident = await call();
    for (let step = 0; step < 5; step++) await audit(incident, 'note', step);
    const source = incidentEvents(database);
    const first = await source.readAfter(0, 3);
    const rest = await source.readAfter(first.at(-1)?.position ?? 0, 3);
    expect([first.length, rest.length]).toEqual([3, 2]);
  });
});
