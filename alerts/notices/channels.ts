/** The ways out that the configuration switches on: MQTT, CAP and Web Push always, the others when they are set. */
import type { City } from '../../cities/city.ts';
import type { Config } from '../../config/config.ts';
import type { Database } from '../../database/database.ts';
import { createCapChannel } from './cap-channel.ts';
import type { Channel } from './channel.ts';
import { createMqttChannel, type Publish } from './mqtt-channel.ts';
import { createPushChannel } from './push/push-channel.ts';
import { createTelegramChannel } from './telegram-channel.ts';
import { createWebhookChannel } from './webhook-channel.ts';

export type ChannelConfig = Partial<
  Pick<
    Config,
    | 'WEBHOOK_URL'
    | 'WEBHOOK_SECRET'
    | 'SMTP_URL'
    | 'MAIL_FROM'
    | 'MAIL_TO'
    | 'TELEGRAM_TOKEN'
    | 'TELEGRAM_CHAT_ID'
    | 'TELEGRAM_API_URL'
    | 'PUBLIC_URL'
    | 'PUSH_HOSTS'
  >
> &
  Pick<Config, 'CAP_SENDER'>;

export interface ChannelDependencies {
  readonly config: ChannelConfig;
  readonly city: Pick<City, 'name' | 'timeZone'>;
  readonly database: Database;
  readonly publish: Publish;
  readonly now: () => number;
}

export async function createChannels(dependencies: ChannelDependencies): Promise<Channel[]> {
  const { config, city, database, publish, now } = dependencies;
  const publicUrl = config.PUBLIC_URL?.replace(/\/$/, '');
  const channels: Channel[] = [
    createMqttChannel(publish),
    createCapChannel({
      database,
      now,
      sender: config.CAP_SENDER,
      timeZone: city.timeZone,
      cityName: city.name,
      publicUrl,
    }),
    createPushChannel({
      database,
      // Push services want to know whom to ask about these messages.
      subject: publicUrl?.startsWith('https:') ? publicUrl : `mailto:siaga@${config.CAP_SENDER}`,
      extraHosts: config.PUSH_HOSTS ?? [],
    }),
  ];
  const { WEBHOOK_URL, WEBHOOK_SECRET, SMTP_URL, MAIL_FROM, MAIL_TO } = config;
  if (WEBHOOK_URL && WEBHOOK_SECRET) {
    channels.push(createWebhookChannel({ url: WEBHOOK_URL, secret: WEBHOOK_SECRET, now }));
  }
  if (SMTP_URL && MAIL_FROM && MAIL_TO) {
    // Only now: the library behind it is 6 MB of memory.
    const { createMailChannel } = await import('./mail-channel.ts');
    channels.push(createMailChannel({ smtpUrl: SMTP_URL, from: MAIL_FROM, to: MAIL_TO, publicUrl }));
  }
  const { TELEGRAM_TOKEN, TELEGRAM_CHAT_ID, TELEGRAM_API_URL } = config;
  if (TELEGRAM_TOKEN && TELEGRAM_CHAT_ID && TELEGRAM_API_URL) {
    const telegram = { apiUrl: TELEGRAM_API_URL, token: TELEGRAM_TOKEN, chatId: TELEGRAM_CHAT_ID, publicUrl };
    channels.push(createTelegramChannel(telegram));
  }
  return channels;
}
