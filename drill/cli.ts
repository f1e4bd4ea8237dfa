/**
 * `npm run drill -- start FILE | list | report ID | end ID`: drills from a command line, through the API.
 *
 * Invariants: the token comes from a file, and is not printed; a wrong word is answered with exit
 * code 2, a refusal with one line and 1.
 */
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { allowClosedPipe } from '../config/closed-pipe.ts';

const HELP = `npm run drill -- COMMAND [--url http://127.0.0.1:3000] [--token-file FILE]

  start FILE     plays the scenario (drill/scenarios/ has one for Semarang)
  list           drills, the newest first
  report ID      what was raised, who was told, who took it and after how long
  end ID         ends it now

The file holds the token of a dispatcher, an engineer or an administrator.
A drill is marked as an exercise on page, MQTT, CAP and every channel; it ends by itself. See docs/drills.md.`;

class UsageError extends Error {
  readonly code = 'USAGE';
}

interface ShownDrill {
  readonly id: number;
  readonly name: string;
  readonly startedAt: string;
  readonly endsAt: string;
  readonly endedAt: string | null;
  readonly report?: {
    readonly acknowledged: number;
    readonly medianAcknowledgeS: number | null;
    readonly told: number;
    readonly alerts: readonly {
      readonly subjectName: string;
      readonly label: { readonly id: string };
      readonly raisedAt: string;
      readonly acknowledgedBy: string | null;
      readonly acknowledgedAfterS: number | null;
      readonly notices: readonly { readonly channel: string; readonly state: string }[];
    }[];
  };
}

async function run(words: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...words],
    options: {
      url: { type: 'string', default: 'http://127.0.0.1:3000' },
      'token-file': { type: 'string' },
    },
    allowPositionals: true,
  });
  const [command, word, ...others] = positionals;
  if (others.length > 0) throw new UsageError(`too many words: ${others.join(' ')}`);
  const wanted = (name: string): string => {
    if (word === undefined) throw new UsageError(`${command} wants ${name}`);
    return word;
  };
  const file = values['token-file'];
  const token = file === undefined ? undefined : readFileSync(file, 'utf8').trim();
  const call = (path: string, init?: RequestInit) => ask(new URL(path, values.url), token, init);
  if (command === 'start') {
    const body = readFileSync(wanted('a file'), 'utf8');
    const headers = { 'content-type': 'application/json' };
    console.log(describe((await call('/v1/drills', { method: 'POST', body, headers })) as ShownDrill));
  } else if (command === 'list') {
    const { drills } = (await call('/v1/drills')) as { drills: readonly ShownDrill[] };
    for (const drill of drills) console.log(describe(drill));
  } else if (command === 'report') {
    const drill = (await call(`/v1/drills/${encodeURIComponent(wanted('a number'))}`)) as ShownDrill;
    for (const line of describeReport(drill)) console.log(line);
  } else if (command === 'end') {
    const path = `/v1/drills/${encodeURIComponent(wanted('a number'))}`;
    console.log(describe((await call(path, { method: 'DELETE' })) as ShownDrill));
  } else throw new UsageError(`there is no command ${command ?? ''}`);
}

async function ask(url: URL, token: string | undefined, init: RequestInit = {}): Promise<unknown> {
  const authorization: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {};
  const answer = await fetch(url, { ...init, headers: { ...authorization, ...init.headers } });
  const body = (await answer.json()) as { detail?: string; title?: string };
  if (!answer.ok) throw new Error(body.detail ?? body.title ?? `${answer.status}`);
  return body;
}

function describe({ id, name, startedAt, endsAt, endedAt }: ShownDrill): string {
  const end = endedAt === null ? `under way, ends by itself at ${endsAt}` : `ended at ${endedAt}`;
  return `drill ${id}: ${name}, begun at ${startedAt}, ${end}`;
}

function* describeReport(drill: ShownDrill): Generator<string> {
  yield describe(drill);
  if (!drill.report) return;
  const { alerts, acknowledged, medianAcknowledgeS, told } = drill.report;
  const wait = medianAcknowledgeS === null ? '' : `, half of them within ${medianAcknowledgeS} s`;
  yield `${alerts.length} alerts, ${acknowledged} taken${wait}; ${told} messages told`;
  for (const alert of alerts) {
    const taken =
      alert.acknowledgedAfterS === null
        ? 'nobody took it'
        : `taken by ${alert.acknowledgedBy ?? 'somebody'} after ${alert.acknowledgedAfterS} s`;
    const channels =
      alert.notices.map(({ channel, state }) => `${channel} ${state}`).join(', ') || 'nobody told';
    yield `${alert.raisedAt}  ${alert.subjectName}, ${alert.label.id}: ${taken}; ${channels}`;
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  allowClosedPipe();
  const words = process.argv.slice(2);
  if (words.length === 0 || words.includes('--help') || words.includes('-h')) console.log(HELP);
  else {
    await run(words).catch((error: unknown) => {
      const { code = '', message } = error as NodeJS.ErrnoException;
      const isUsage = code === 'USAGE' || code.startsWith('ERR_PARSE_ARGS');
      console.error(isUsage ? `${message}\n\n${HELP}` : message);
      process.exitCode = isUsage ? 2 : 1;
    });
  }
}
