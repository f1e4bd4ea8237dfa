/**
 * The alert for staff that the copy in InfluxDB has been degraded for some minutes.
 *
 * Of the lowest level: people are answered all the same; Grafana shows gaps until it is mended. Invariant: it
 * stands while the copy is degraded, and says why in the server's words.
 */
import { TELL_AFTER_MS } from './copy/copy-health.ts';
import type { InfluxCopy } from './open-influx-copy.ts';

const RULE = { name: 'influx-copy-degraded', version: 1, unit: 's' } as const;
const SUBJECT = { id: 'influxdb', name: 'InfluxDB', kind: 'server', group: undefined } as const;
const LABEL = { en: 'copy in InfluxDB degraded', id: 'salinan di InfluxDB terganggu' };

/** What of the alerts is needed; they give it themselves. */
export interface StaffAlerts {
  raise(rule: typeof RULE, subject: typeof SUBJECT, finding: CopyFinding): Promise<void>;
  resolve(rule: typeof RULE, subject: typeof SUBJECT, why: CopyFinding['description']): Promise<void>;
}

interface CopyFinding {
  readonly rank: 1;
  readonly since: number;
  readonly value: number;
  readonly simulated: boolean;
  readonly parameters: unknown;
  readonly description: {
    readonly label: typeof LABEL;
    readonly text: { readonly en: string; readonly id: string };
  };
}

/** Raises or ends the alert. Call once a minute. */
export async function alertStaff(
  copy: Pick<InfluxCopy, 'problems' | 'degradedSinceMs'>,
  alerts: StaffAlerts,
  nowMs: number,
): Promise<void> {
  const since = copy.degradedSinceMs;
  if (since === undefined) {
    const en = 'The copy in InfluxDB is complete or catching up.';
    const id = 'Salinan di InfluxDB sudah lengkap atau sedang dikejar.';
    await alerts.resolve(RULE, SUBJECT, { label: LABEL, text: { en, id } });
    return;
  }
  const lastedMs = nowMs - since;
  if (lastedMs < TELL_AFTER_MS) return;
  const minutes = Math.round(lastedMs / 60_000);
  const why = copy.problems.join('; ');
  await alerts.raise(RULE, SUBJECT, {
    rank: 1,
    since,
    value: Math.round(lastedMs / 1000),
    simulated: false,
    parameters: { tellAfterMs: TELL_AFTER_MS },
    description: {
      label: LABEL,
      text: {
        en: `The copy in InfluxDB has been degraded for ${minutes} min; Grafana shows gaps. ${why}`,
        id: `Salinan di InfluxDB terganggu selama ${minutes} menit; Grafana menampilkan celah. ${why}`,
      },
    },
  });
}
