/**
 * The report of a drill: what was raised, who was told by which channel, who took it and after how long.
 *
 * Made when it is asked for, from the records of the alerts, so that it can be read while the drill runs. Times are by
 * our clock.
 */
import type { Alert } from '../alerts/alert.ts';
import type { Alerts } from '../alerts/alerts.ts';
import type { Drill } from './drill-records.ts';
import { twinId } from './scenario.ts';

export interface ReportedAlert {
  readonly alert: Alert;
  readonly acknowledged: { readonly by: string; readonly at: number } | undefined;
  readonly notices: readonly {
    readonly channel: string;
    readonly state: string;
    readonly doneAt: number | undefined;
  }[];
}

export interface DrillReport {
  /** In the order in which they were raised. */
  readonly alerts: readonly ReportedAlert[];
  readonly acknowledged: number;
  /** From being raised until somebody took it, s; undefined where nobody took any. */
  readonly medianAcknowledgeS: number | undefined;
  /** Messages that reached a channel. */
  readonly told: number;
}

/** Of one gauge; its ladder has four steps, and forecasts beside them. */
const MAX_ALERTS = 100;
/** Alerts that end with the drill are closed a moment after it. */
const AFTER_END_MS = 60_000;

export async function reportDrill(
  { scenario, startedAt, endedAt }: Drill,
  alerts: Pick<Alerts, 'list' | 'explain'>,
): Promise<DrillReport> {
  const reported: ReportedAlert[] = [];
  const before = endedAt === undefined ? {} : { before: endedAt + AFTER_END_MS };
  for (const { gauge } of scenario.gauges) {
    const found = await alerts.list({
      subject: twinId(gauge),
      audience: 'staff',
      limit: MAX_ALERTS,
      ...before,
    });
    for (const alert of found) {
      if (alert.raisedAt >= startedAt) reported.push(await reportAlert(alert, alerts));
    }
  }
  reported.sort((a, b) => a.alert.raisedAt - b.alert.raisedAt);
  const waits = reported
    .flatMap(({ alert, acknowledged }) => (acknowledged ? [acknowledged.at - alert.raisedAt] : []))
    .sort((a, b) => a - b);
  const median = waits[Math.floor(waits.length / 2)];
  return {
    alerts: reported,
    acknowledged: waits.length,
    medianAcknowledgeS: median === undefined ? undefined : Math.round(median / 1_000),
    told: reported.flatMap(({ notices }) => notices).filter(({ state }) => state === 'sent').length,
  };
}

async function reportAlert(alert: Alert, alerts: Pick<Alerts, 'explain'>): Promise<ReportedAlert> {
  const { notices } = await alerts.explain(alert);
  const { acknowledgement } = alert;
  return {
    alert,
    acknowledged: acknowledgement && { by: acknowledgement.by, at: acknowledgement.at },
    notices: notices.map(({ channel, state, doneAt }) => ({ channel, state, doneAt: doneAt ?? undefined })),
  };
}
