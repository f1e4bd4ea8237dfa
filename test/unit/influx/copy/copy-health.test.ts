import { pino } from 'pino';
import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { CopyHealth } from '../../../../influx/copy/copy-health.ts';
import { alertStaff, type StaffAlerts } from '../../../../influx/copy-alert.ts';
import { metricValue } from '../../../support/journal-fixture.ts';

const MINUTE_MS = 60_000;

function openGround() {
  const clock = { ms: 1_768_435_200_000 };
  const logged: { level: number; msg: string }[] = [];
  const log = pino({ level: 'debug' }, { write: (line: string) => logged.push(JSON.parse(line)) });
  const metrics = new Registry();
  const health = new CopyHealth(log, () => clock.ms, metrics);
  const raised: string[] = [];
  const alerts: StaffAlerts = {
    raise: async (_rule, _subject, { description }) => void raised.push(description.text.en),
    resolve: async () => void raised.push('over'),
  };
  const alert = () =>
    alertStaff(
      {
        get problems() {
          return health.problems;
        },
        get degradedSinceMs() {
          return health.sinceMs;
        },
      },
      alerts,
      clock.ms,
    );
  return { clock, logged, metrics, health, raised, alert };
}

describe('a copy that is degraded', () => {
  it('is in the log once as it begins, as an error once it lasts, and once when it is over', () => {
    const { clock, logged, health } = openGround();
    health.fails('writing', 'connect ECONNREFUSED');
    for (let minute = 1; minute <= 20; minute++) {
      clock.ms += MINUTE_MS;
      health.fails('writing', 'connect ECONNREFUSED again');
    }
    health.works('writing');
    health.works('writing');
    expect(logged.map(({ level, msg }) => [level, msg])).toEqual([
      [40, 'connect ECONNREFUSED'],
      [50, 'connect ECONNREFUSED again'],
      [30, 'the copy in InfluxDB is well again'],
    ]);
  });

  it('is a metric in seconds, of the matter that has stood for longest', async () => {
    const { clock, metrics, health } = openGround();
    expect(await metricValue(metrics, 'siaga_influx_degraded_seconds')).toBe(0);
    health.fails('writing', 'a');
    clock.ms += 90_000;
    health.fails('comparing', 'b');
    expect(await metricValue(metrics, 'siaga_influx_degraded_seconds')).toBe(90);
    expect(health.problems).toEqual(['a', 'b']);
    health.works('writing');
    expect(await metricValue(metrics, 'siaga_influx_degraded_seconds')).toBe(0);
    expect(health.problems).toEqual(['b']);
  });

  it('is an alert for staff after five minutes, with the reason, until it is over', async () => {
    const { clock, health, raised, alert } = openGround();
    health.fails('writing', 'INFLUX_TOKEN is missing or not accepted');
    clock.ms += 4 * MINUTE_MS;
    await alert();
    expect(raised).toEqual([]);
    clock.ms += 2 * MINUTE_MS;
    await alert();
    expect(raised).toEqual([expect.stringMatching(/for 6 min; .*INFLUX_TOKEN/)]);
    health.works('writing');
    await alert();
    expect(raised.at(-1)).toBe('over');
  });
});
