/**
 * PeopleChannels: the city's own ways to people, by mail and Telegram, which change while it runs; beside those of the
 * environment.
 *
 * Kept by open-alerts.ts; the outbox and the planner read `all` each time. The means (mail server, bot) are the
 * environment's, the addresses the city's. Invariants: a channel that did not change stays the same; one that goes
 * takes what waits for it along, noted as dropped.
 */
import type { City } from '../../cities/city.ts';
import type { Database } from '../../database/database.ts';
import type { Channel } from './channel.ts';
import type { ChannelConfig } from './channels.ts';
import { createTelegramChannel } from './telegram-channel.ts';

export type PeopleChannel = City['channels'][number];

/** Each sends NOTICES_PER_CHANNEL_PER_MIN, and is a label of the notices' metrics. */
export const MAX_PEOPLE_CHANNELS = 50;

export interface PeopleChannels {
  /** Those of the environment and of the city: the same array, whatever changes. */
  readonly all: readonly Channel[];
  /** Those that the city has now. One call at a time. */
  use(channels: readonly PeopleChannel[]): Promise<void>;
}

export function createPeopleChannels(
  own: readonly Channel[],
  config: ChannelConfig,
  { database, now }: { readonly database: Database; readonly now: () => number },
): PeopleChannels {
  const all = [...own];
  const known = new Map<PeopleChannel, Channel>();
  return {
    all,
    async use(channels) {
      const wanted = new Set(channels.filter((each) => !missesMeans(each, config)));
      const before = new Set([...known.values()].map(({ name }) => name));
      for (const each of known.keys()) if (!wanted.has(each)) known.delete(each);
      for (const each of wanted)
        if (!known.has(each)) known.set(each, await createPeopleChannel(each, config));
      all.splice(own.length, all.length, ...known.values());
      const names = new Set(all.map(({ name }) => name));
      const gone = [...before].filter((name) => !names.has(name));
      if (gone.length > 0) await dropWaiting(database, gone, now());
    },
  };
}

/** What is wrong with a city's channels, as `path: sentence`. */
export function findChannelProblems({ channels }: Pick<City, 'channels'>, config: ChannelConfig): string[] {
  const problems = channels.flatMap((each) => {
    const missing = missesMeans(each, config);
    return missing === undefined ? [] : [`channels.${each.id}: ${missing}`];
  });
  if (channels.length > MAX_PEOPLE_CHANNELS) {
    problems.push(`channels: at most ${MAX_PEOPLE_CHANNELS}; one address may be a list or a group of people`);
  }
  return problems;
}

function missesMeans(each: PeopleChannel, config: ChannelConfig): string | undefined {
  const { SMTP_URL, MAIL_FROM, TELEGRAM_TOKEN, TELEGRAM_API_URL } = config;
  if ('to' in each && !(SMTP_URL && MAIL_FROM)) return 'no mail server: SMTP_URL and MAIL_FROM are not set';
  if ('chatId' in each && !(TELEGRAM_TOKEN && TELEGRAM_API_URL)) return 'no bot: TELEGRAM_TOKEN is not set';
  return undefined;
}

/** What it needs is there. */
async function createPeopleChannel(each: PeopleChannel, config: ChannelConfig): Promise<Channel> {
  const { SMTP_URL = '', MAIL_FROM = '', TELEGRAM_TOKEN = '', TELEGRAM_API_URL = '', PUBLIC_URL } = config;
  const publicUrl = PUBLIC_URL?.replace(/\/$/, '');
  const name = `${each.kind}:${each.id}`;
  if ('chatId' in each) {
    const { chatId } = each;
    const options = { apiUrl: TELEGRAM_API_URL, token: TELEGRAM_TOKEN, chatId, publicUrl };
    return { ...createTelegramChannel(options), name };
  }
  // Only now: the library behind it is 6 MB of memory.
  const { createMailChannel } = await import('./mail-channel.ts');
  return { ...createMailChannel({ smtpUrl: SMTP_URL, from: MAIL_FROM, to: each.to, publicUrl }), name };
}

async function dropWaiting(database: Database, channels: readonly string[], nowMs: number): Promise<void> {
  await database
    .updateTable('notices')
    .set({ state: 'dropped', outcome: 'the channel was removed', done_at: nowMs })
    .where('channel', 'in', channels)
    .where('state', '=', 'waiting')
    .execute();
}
