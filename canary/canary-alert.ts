/** The alert for staff that the canary's readings are lost on their way, and its end. */
import type { Alerts } from '../alerts/alerts.ts';
import { CANARY_ID } from './own-device.ts';
import type { Step } from './steps.ts';

const RULE = { name: 'canary-lost', version: 1, unit: '1' } as const;
const SUBJECT = { id: CANARY_ID, name: 'Siaga', kind: 'server', group: undefined } as const;
const LABEL = { en: 'canary lost', id: 'pembacaan penguji hilang' };
const WHERE: Readonly<Record<Step, { readonly en: string; readonly id: string }>> = {
  puback: { en: 'the journal', id: 'jurnal' },
  stream: { en: 'the live stream', id: 'siaran langsung' },
  alerts: { en: 'the alert rules', id: 'aturan peringatan' },
  history: { en: 'history', id: 'riwayat' },
};

export type StaffAlerts = Pick<Alerts, 'raise' | 'resolve'>;

export async function tellLost(
  alerts: StaffAlerts,
  { step, rounds, sinceMs }: { readonly step: Step; readonly rounds: number; readonly sinceMs: number },
): Promise<void> {
  const { en, id } = WHERE[step];
  await alerts.raise(RULE, SUBJECT, {
    ...{ rank: 2, since: sinceMs, value: rounds, simulated: false, parameters: { rounds } },
    description: {
      label: LABEL,
      text: {
        en: `Readings that Siaga sends to itself do not reach ${en}. Those of the devices may not either: look at /readyz and at the log.`,
        id: `Pembacaan yang dikirim Siaga ke dirinya sendiri tidak sampai ke ${id}. Pembacaan alat lain mungkin juga tidak: periksa /readyz dan log.`,
      },
    },
  });
}

export async function tellArrived(alerts: StaffAlerts): Promise<void> {
  const en = 'Readings that Siaga sends to itself arrive again, all the way to history.';
  const id = 'Pembacaan yang dikirim Siaga ke dirinya sendiri kembali sampai, hingga ke riwayat.';
  await alerts.resolve(RULE, SUBJECT, { label: LABEL, text: { en, id } });
}
