/**
 * `npm run bench -- readers [--readers 2000] [--seconds 20] [--rate 1000]`: what a crowd of citizens costs the alarms.
 *
 * Gauges spike beside a load of readings, and the time from a PUBLISH to the message of its alert is measured (see
 * alerts-way.child.ts): alone, beside readers of the public page who all come within half of the time, and alone again.
 * Each reader has an address of its own. Two cores are shared by server, load, siren and readers: read the ratio beside
 * what the readers' own process takes.
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { measureWay } from './alerts-way.child.ts';
import type { SiagaServer } from './siaga-server.child.ts';

interface ReadersReport {
  readonly pages: number;
  readonly renewals: number;
  readonly streams: number;
  readonly answers: Readonly<Record<string, number>>;
  readonly p50: number;
  readonly p99: number;
  readonly bytes: number;
}

export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      readers: { type: 'string', default: '2000' },
      seconds: { type: 'string', default: '20' },
      rate: { type: 'string', default: '1000' },
    },
  });
  const { readers, seconds, rate } = values;
  const rows: Record<string, Record<string, number | string>> = {};
  let report: ReadersReport | undefined;
  for (const name of ['alone', 'beside readers', 'alone again']) {
    let peakMb = 0;
    const beside = async (server: SiagaServer) => {
      const watch = setInterval(() => {
        peakMb = Math.max(peakMb, rssMb(server.child.pid));
      }, 200);
      if (name === 'beside readers') report = await crowd(server.httpUrl, readers, seconds);
      return () => clearInterval(watch);
    };
    const way = await measureWay(Number(rate), Number(seconds), { beside });
    rows[name] = { ...way, 'RSS MB': Math.round(peakMb) };
  }
  console.table(rows);
  if (report) console.table([{ ...report, answers: JSON.stringify(report.answers) }]);
}

function crowd(url: string, readers: string, seconds: string): Promise<ReadersReport> {
  const { promise, resolve, reject } = Promise.withResolvers<ReadersReport>();
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, 'readers.child.ts'), url, readers, seconds],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  createInterface({ input: child.stdout })
    .on('line', (line) => line.startsWith('{') && resolve(JSON.parse(line) as ReadersReport))
    .on('close', () => reject(new Error('the readers failed')));
  return promise;
}

function rssMb(pid: number | undefined): number {
  const kb = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return (Number(kb) * 1_024) / 1e6;
}
