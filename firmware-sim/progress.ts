/**
 * The one line that says how the simulation fares: rewritten in place on a terminal, every 10 s elsewhere.
 *
 * Invariant: other lines printed through it never tear the progress line apart.
 */
import type { Cancel, Clock } from './clock.ts';
import type { Totals } from './totals.ts';

const TERMINAL_INTERVAL_MS = 500;
const LOG_INTERVAL_MS = 10_000;

export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

export interface Progress {
  /** Prints a line of its own above the progress line. */
  say(line: string): void;
  stop(): void;
}

export function keepShowingProgress(line: () => string, output: Output, clock: Clock): Progress {
  const terminal = output.isTTY === true;
  let cancel: Cancel;
  const clear = () => (terminal ? output.write('\r\x1b[K') : undefined);
  const show = () => {
    clear();
    const text = line();
    output.write(terminal ? text.slice(0, (output.columns ?? 120) - 1) : `${text}\n`);
    cancel = clock.after(terminal ? TERMINAL_INTERVAL_MS : LOG_INTERVAL_MS, show);
  };
  cancel = clock.after(terminal ? TERMINAL_INTERVAL_MS : LOG_INTERVAL_MS, show);
  return {
    say(text) {
      clear();
      output.write(`${text}\n`);
    },
    stop() {
      cancel();
      clear();
    },
  };
}

const number = new Intl.NumberFormat('en');

/** `118/118 connected · 5,210 published · 5,208 acked · 2 buffered`, and what was lost, if anything was. */
export function describeTotals(totals: Totals, unacknowledged: number): string {
  const parts = [
    `${totals.connected}/${totals.devices} connected`,
    `${number.format(totals.put)} published`,
    `${number.format(totals.acknowledged)} acked`,
    `${number.format(unacknowledged)} buffered`,
  ];
  if (totals.dropped > 0) parts.push(`${number.format(totals.dropped)} dropped`);
  if (totals.connected < totals.devices && totals.refused.size > 0) {
    const reasons = [...totals.refused].sort((a, b) => b[1] - a[1]);
    parts.push(
      `refused: ${reasons
        .slice(0, 2)
        .map(([reason, count]) => `${reason} ×${count}`)
        .join(', ')}`,
    );
  }
  return parts.join(' · ');
}

/** The closing account; put = acknowledged + dropped + unacknowledged. */
export function describeAccount(totals: Totals, unacknowledged: number): string {
  return [
    `${number.format(totals.put)} messages in ${number.format(totals.publishes)} publishes:`,
    `${number.format(totals.acknowledged)} acknowledged,`,
    `${number.format(unacknowledged)} unacknowledged,`,
    `${number.format(totals.dropped)} dropped;`,
    `${number.format(totals.lost)} connections lost on the way.`,
  ].join(' ');
}
