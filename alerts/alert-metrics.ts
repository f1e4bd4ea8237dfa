/** What the alarms count: readings by placement, changes, open alerts, notices. */
import { Counter, Gauge, type Registry as MetricsRegistry } from 'prom-client';

export function createAlertMetrics(registry: MetricsRegistry) {
  const registers = [registry];
  return {
    readings: new Counter({
      name: 'siaga_alert_readings_total',
      help: 'Readings given to the alert engine, by how they were placed in time.',
      labelNames: ['outcome'] as const,
      registers,
    }),
    changes: new Counter({
      name: 'siaga_alert_changes_total',
      help: 'What happened to alerts.',
      labelNames: ['rule', 'change'] as const,
      registers,
    }),
    open: new Gauge({
      name: 'siaga_alerts_open',
      help: 'Open alerts.',
      labelNames: ['rule', 'severity'] as const,
      registers,
    }),
    sent: new Counter({
      name: 'siaga_notices_total',
      help: 'Attempts to send notices, by outcome.',
      labelNames: ['channel', 'outcome'] as const,
      registers,
    }),
    waiting: new Gauge({
      name: 'siaga_notices_waiting',
      help: 'Notices that wait to be sent.',
      labelNames: ['channel'] as const,
      registers,
    }),
  };
}
