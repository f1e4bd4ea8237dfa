/**
 * The words of `npm run import -- influx`, read and judged.
 *
 * Invariant: a secret comes from a file and never from the command line, which other accounts of the machine can see.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { parseDay, UsageError } from '../words.ts';

export const HELP = `npm run import -- influx --from URL --db NAME --as ID --secret-file FILE [...]

  --from URL            the InfluxDB to read: 1.x, 2.x or 3, by InfluxQL
  --db NAME             its database or bucket
  --token-file FILE     its token; of 1.x user:password
  --measurement NAME    only this one; may be repeated
  --since DAY           from here on instead of from its first point
  --until DAY           up to here instead of now
  --as ID               who sends to Siaga: a gateway of format line-protocol (gateway:telegraf), or a device
  --secret-file FILE    its secret
  --to URL              the Siaga that runs; http://127.0.0.1:3000 where nothing is said
  --leave-waiting       go on though names are nobody's yet: what they said is kept only within the bounds of rejections
  --again               from the begin, also where an earlier run came further

The first point of each series is sent before all others: names that are no device's yet wait to be claimed
(npm run devices -- waiting; docs/devices/influxdb-clients.md). A run that was ended goes on where it stood.
DAY is 2026-01-15, or a time: 2026-01-15T09:30:00+07:00.`;

export interface ImportCommand {
  readonly from: string;
  readonly db: string;
  readonly token: string | undefined;
  readonly measurements: readonly string[];
  readonly sinceMs: number | undefined;
  readonly untilMs: number;
  readonly target: { readonly url: string; readonly id: string; readonly secret: string };
  readonly leavesWaiting: boolean;
  readonly again: boolean;
}

/** Throws UsageError, or that of parseArgs. */
export function parseImportCommand(words: readonly string[], nowMs: number): ImportCommand {
  const { values, positionals } = parseArgs({
    args: [...words],
    options: {
      from: { type: 'string' },
      db: { type: 'string' },
      'token-file': { type: 'string' },
      measurement: { type: 'string', multiple: true },
      since: { type: 'string' },
      until: { type: 'string' },
      as: { type: 'string' },
      'secret-file': { type: 'string' },
      to: { type: 'string', default: 'http://127.0.0.1:3000' },
      'leave-waiting': { type: 'boolean', default: false },
      again: { type: 'boolean', default: false },
    },
    allowPositionals: true,
  });
  if (positionals.join(' ') !== 'influx') throw new UsageError('what can be imported is: influx');
  const wanted = (name: 'from' | 'db' | 'as' | 'secret-file'): string => {
    const value = values[name];
    if (!value) throw new UsageError(`--${name} is wanted`);
    return value;
  };
  for (const url of [wanted('from'), values.to]) {
    if (!/^https?:\/\//.test(url) || !URL.canParse(url))
      throw new UsageError(`${url}: a URL with http:// or https:// is wanted`);
    const { username, password } = new URL(url);
    if (username || password) throw new UsageError('no user or password in a URL: --token-file is for that');
  }
  return {
    from: wanted('from'),
    db: wanted('db'),
    token: values['token-file'] === undefined ? undefined : readSecret(values['token-file']),
    measurements: values.measurement ?? [],
    sinceMs: parseDay('since', values.since),
    untilMs: parseDay('until', values.until) ?? nowMs,
    target: { url: values.to, id: wanted('as'), secret: readSecret(wanted('secret-file')) },
    leavesWaiting: values['leave-waiting'],
    again: values.again,
  };
}

function readSecret(file: string): string {
  return (readFileSync(file, 'utf8').split('\n', 1)[0] as string).trim();
}
