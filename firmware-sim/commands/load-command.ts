/**
 * `sim load`: a steady rate for some seconds, then the account and the time to PUBACK.
 *
 * Invariant: the rate printed is of readings acknowledged, over the time in which they were sent.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { deviceKinds } from '../../devices/kinds/index.ts';
import { realClock } from '../clock.ts';
import { readCredentials } from '../credentials.ts';
import { startLoad } from '../load-run.ts';
import type { LoadCommand } from '../options.ts';
import { describeAccount, describeTotals, keepShowingProgress } from '../progress.ts';
import { createTotals } from '../totals.ts';
import { FINISH_MS } from './city-command.ts';

export async function runLoadCommand(command: LoadCommand, ending: Promise<void>): Promise<number> {
  const kind = deviceKinds.get(command.kind);
  if (!kind) throw new Error(`--kind: no such kind; there are: ${[...deviceKinds.keys()].join(', ')}`);
  const credentials = command.credentials ? readCredentials(command.credentials) : new Map<string, string>();
  const known = [...credentials.keys()].filter((id) => id.startsWith(command.prefix));
  if (command.credentials && known.length < command.connections) {
    throw new Error(
      `--credentials: ${known.length} devices begin with ${command.prefix}, ${command.connections} asked for`,
    );
  }
  const devices = Array.from(
    { length: command.connections },
    (_, index) => known[index] ?? `${command.prefix}-${index + 1}`,
  );
  const totals = createTotals();
  const { city, url, rate, seed } = command;
  const load = startLoad({ city, kind, url, credentials, devices, rate, seed }, realClock, totals);
  const describe = () => describeTotals(totals, load.unacknowledged());
  const progress = keepShowingProgress(describe, process.stdout, realClock);
  const startedAt = realClock.now();
  await Promise.race([delay(command.duration * 1000), ending]);
  const elapsedS = (realClock.now() - startedAt) / 1000;
  const acknowledged = totals.acknowledged;
  load.stopSending();
  await load.finish(FINISH_MS);
  progress.stop();
  console.log(describeAccount(totals, load.unacknowledged()));
  const time = (share: number) => `${load.latency.percentileMs(share)?.toFixed(1) ?? '—'} ms`;
  console.log(
    `${Math.round(acknowledged / elapsedS)} readings/s acknowledged over ${elapsedS.toFixed(1)} s; ` +
      `PUBLISH to PUBACK p50 ${time(0.5)}, p99 ${time(0.99)}, p99.9 ${time(0.999)}`,
  );
  return 0;
}
