/**
 * The logs of the state database that are copied to InfluxDB: what was said of alerts, what was done at
 * incidents.
 *
 * Read by id, as they only grow. Alerts come from the outbox to MQTT, which holds one line a revision of every
 * alert that is for everybody; what concerns a crew's unit is not in it and does not leave. Invariant: an
 * arrival is `on-scene` for the first unit at an incident and `on-scene-next` for those after it, so that
 * response times count each call once.
 */
import { z } from 'zod';
import type { Database } from '../database/database.ts';
import { SEVERITIES } from '../devices/site.ts';
import type { EventSource } from './keep-following-events.ts';

const noticeBody = z.object({
  change: z.string(),
  repeated: z.boolean().optional(),
  alert: z.object({
    id: z.string(),
    rule: z.string(),
    subject: z.string(),
    subjectName: z.string(),
    state: z.string(),
    severity: z.enum(SEVERITIES),
    label: z.object({ id: z.string() }),
    exercise: z.boolean(),
    changedAt: z.number(),
  }),
});

export function alertEvents(database: Database): EventSource {
  return {
    name: 'alerts',
    async readAfter(after, limit) {
      const rows = await database
        .selectFrom('notices')
        .select(['id', 'body'])
        .where('channel', '=', 'mqtt')
        .where('id', '>', after)
        .orderBy('id')
        .limit(limit)
        .execute();
      return rows.map(({ id, body }) => {
        const { change, alert } = noticeBody.parse(JSON.parse(body));
        const isOver = alert.state === 'resolved' || alert.state === 'withdrawn';
        return {
          position: Number(id),
          event: {
            type: 'alert',
            atMs: alert.changedAt,
            alert: alert.id,
            device: alert.subject,
            rule: alert.rule,
            severity: isOver ? undefined : alert.severity,
            state: change,
            title: `${alert.subjectName}: ${alert.label.id}`,
            simulated: alert.exercise,
          },
        } as const;
      });
    },
  };
}

const INCIDENT_COLUMNS = [
  'line.id',
  'line.at',
  'line.action',
  'line.unit',
  'line.incident',
  'incident.received_at',
  'incident.category',
  'incident.kecamatan',
  'incident.simulated',
] as const;

export function incidentEvents(database: Database): EventSource {
  return {
    name: 'incidents',
    async readAfter(after, limit) {
      const rows = await database
        .selectFrom('dispatch_audit as line')
        .innerJoin('incidents as incident', 'incident.id', 'line.incident')
        .leftJoin('dispatch_audit as earlier', (join) =>
          join
            .onRef('earlier.incident', '=', 'line.incident')
            .onRef('earlier.id', '<', 'line.id')
            .on('earlier.action', '=', 'on-scene')
            .on('line.action', '=', 'on-scene'),
        )
        .select((line) => [...INCIDENT_COLUMNS, line.fn.count<number>('earlier.id').as('earlierArrivals')])
        .where('line.id', '>', after)
        .groupBy(INCIDENT_COLUMNS)
        .orderBy('line.id')
        .limit(limit)
        .execute();
      return rows.map((row) => ({
        position: Number(row.id),
        event: {
          type: 'incident',
          atMs: Number(row.at),
          incident: String(row.incident),
          device: row.unit ?? undefined,
          step: Number(row.earlierArrivals) > 0 ? 'on-scene-next' : row.action,
          title: [row.category ?? 'incident', row.kecamatan].filter(Boolean).join(', '),
          sinceCallS: (Number(row.at) - Number(row.received_at)) / 1000,
          simulated: Number(row.simulated) === 1,
        },
      }));
    },
  };
}
