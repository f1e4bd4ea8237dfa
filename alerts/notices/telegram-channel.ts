/** Notices by Telegram's bot API. The token is in the URL there, so that no error may repeat the URL. */
import { type Channel, NoticeRefused } from './channel.ts';
import { formatWords } from './words.ts';

export interface TelegramOptions {
  readonly apiUrl: string;
  readonly token: string;
  readonly chatId: string;
  readonly publicUrl: string | undefined;
}

/** The API's own limit of a message, characters. */
const MAX_TEXT = 4_096;

export function createTelegramChannel({ apiUrl, token, chatId, publicUrl }: TelegramOptions): Channel {
  const url = `${apiUrl.replace(/\/$/, '')}/bot${token}/sendMessage`;
  return {
    name: 'telegram',
    audience: 'people',
    isPublic: false,
    async send({ body }, signal) {
      const { text } = formatWords(body, publicUrl);
      let answer: Response;
      try {
        answer = await fetch(url, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({
            chat_id: chatId,
            text: text.slice(0, MAX_TEXT),
            link_preview_options: { is_disabled: true },
          }),
          redirect: 'error',
          signal,
        });
      } catch (error) {
        throw new Error(`Telegram cannot be reached (${(error as Error).name})`);
      }
      await answer.body?.cancel();
      if (answer.ok) return;
      const message = `Telegram answered ${answer.status}`;
      throw answer.status === 400 ? new NoticeRefused(message) : new Error(message);
    },
  };
}
