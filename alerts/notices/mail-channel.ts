/**
 * Notices by e-mail. The Message-ID follows from the notice's key, so that a mail that is sent again after a
 * crash is the same mail to the reader's program.
 */
import { createHash } from 'node:crypto';
import nodemailer from 'nodemailer';
import type { Channel } from './channel.ts';
import { formatWords } from './words.ts';

export interface MailOptions {
  readonly smtpUrl: string;
  readonly from: string;
  readonly to: string;
  readonly publicUrl: string | undefined;
}

export function createMailChannel({ smtpUrl, from, to, publicUrl }: MailOptions): Channel {
  const transport = nodemailer.createTransport(smtpUrl);
  return {
    name: 'mail',
    audience: 'people',
    isPublic: false,
    async send({ key, body }) {
      const { subject, text } = formatWords(body, publicUrl);
      const id = createHash('sha256').update(key).digest('hex').slice(0, 32);
      await transport.sendMail({
        from,
        to,
        subject,
        text,
        messageId: `<${id}@siaga>`,
        headers: { 'X-Siaga-Alert': body.alert.id, 'Auto-Submitted': 'auto-generated' },
      });
    },
  };
}
