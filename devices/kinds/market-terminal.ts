/**
 * Card terminals of market traders: how many payments, and how much. What was paid by whom has no place here.
 *
 * "Since the last report" is never sent: a report that is lost takes such a number with it, and one that comes twice
 * counts it twice. A terminal sends two totals that only grow, together. What was paid between two instants is the last
 * total before the one less the last total before the other, whichever reports between them were lost, late or
 * repeated. A terminal that was replaced or wiped begins from 0: the fall is seen, and its totals count from 0 on.
 */
import { z } from 'zod';
import { defineDeviceKind } from '../device-kind.ts';
import { place } from '../site.ts';

const site = z.strictObject({
  ...place,
  kind: z.literal('market-terminal'),
  market: z.string().min(1),
  /** The block and number of the stall, never a trader's name. */
  stall: z.string().min(1),
});

export const marketTerminal = defineDeviceKind({
  name: 'market-terminal',
  site,
  label: { en: 'market terminal', id: 'terminal pasar' },
  description:
    'Card payments at one market stall as two totals that only grow: what was paid in a period is the last total in ' +
    'it less the last total before it, whichever reports were lost, late or sent twice. Totals go on over a ' +
    'settlement and a power cut: keep them in memory that outlives both. A terminal that is wiped or replaced sends ' +
    '0 before its first payment: the fall is then seen, and what it says from there on counts in full; only what ' +
    'was paid after the last report before the wipe is lost. `GET /v1/devices/{id}/readings?every=1d&fn=increase` says ' +
    'what was paid each day.',
  quantities: {
    paymentsTotal: {
      type: 'counter',
      unit: '1',
      required: true,
      description: 'Payments since the terminal counts; a payment that was cancelled is not taken off.',
      label: { en: 'payments', id: 'pembayaran' },
    },
    amountTotalIdr: {
      type: 'counter',
      unit: 'IDR',
      required: true,
      description: 'What these payments came to, whole rupiah.',
      label: { en: 'amount', id: 'nilai' },
    },
    batteryPct: {
      type: 'gauge',
      unit: '%',
      min: 0,
      max: 100,
      leastMatters: true,
      description: 'Charge of the battery.',
      label: { en: 'battery', id: 'baterai' },
    },
  },
  together: [['paymentsTotal', 'amountTotalIdr']],
  reportIntervalS: 60,
  silentAfterS: 900,
  // What a stall takes is the trader's business.
  audience: 'staff',
  tags: ['market'],
  groupedBy: 'market',
  digest: { name: 'terminals', per: 'group' },
  silence: {
    rule: 'market-terminal-silent',
    rank: 1,
    label: { en: 'market terminal silent', id: 'terminal pasar tanpa kabar' },
  },
  simulated: {
    paymentsTotal: { perMinute: 0.8 },
    amountTotalIdr: { each: 'paymentsTotal', from: 8_000, to: 120_000 },
    batteryPct: { from: 40, to: 100 },
  },
  shows: ['paymentsTotal', 'amountTotalIdr', 'batteryPct'],
  example: {
    measuredAt: '2026-01-15T02:30:00Z',
    seq: 204,
    paymentsTotal: 1_316,
    amountTotalIdr: 48_250_000,
    batteryPct: 82,
  },
});
