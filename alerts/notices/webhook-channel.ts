/**
 * Notices by webhook: one POST of JSON, signed so that the receiver knows who calls and when.
 *
 * `Siaga-Signature: t=<unix seconds>,v1=<hex>`, where v1 is HMAC-SHA256 over `<t>.<body>` with the shared
 * secret; `Idempotency-Key` is the same when a notice is sent again. Invariant: never follows a redirect.
 */
import { createHmac } from 'node:crypto';
import { splitUserInfo } from '../../config/config.ts';
import { formatAlert } from '../record/format-alert.ts';
import { type Channel, NoticeRefused } from './channel.ts';

export interface WebhookOptions {
  /** May hold a user and a password. */
  readonly url: string;
  readonly secret: string;
  readonly now: () => number;
}

/** Trying the same body again cannot help. */
const REFUSALS: ReadonlySet<number> = new Set([400, 404, 405, 410, 413, 415, 422]);

export function createWebhookChannel({ url: given, secret, now }: WebhookOptions): Channel {
  const { url, headers } = splitUserInfo(given);
  return {
    name: 'webhook',
    audience: 'people',
    isPublic: false,
    async send({ key, body }, signal) {
      const { change, silencedBy } = body;
      const also = body.also.map((each) => ({ change: each.change, alert: formatAlert(each.alert) }));
      const alert = formatAlert(body.alert);
      const json = JSON.stringify({ key, change, others: also.length, silencedBy, alert, also });
      const answer = await fetch(url, {
        method: 'POST',
        headers: {
          ...headers,
          'content-type': 'application/json',
          'idempotency-key': key,
          'siaga-signature': signBody(json, secret, now()),
        },
        body: json,
        redirect: 'error',
        signal,
      });
      await answer.body?.cancel();
      if (answer.ok) return;
      const message = `the webhook answered ${answer.status}`;
      throw REFUSALS.has(answer.status) ? new NoticeRefused(message) : new Error(message);
    },
  };
}

export function signBody(body: string, secret: string, nowMs: number): string {
  const seconds = Math.floor(nowMs / 1000);
  return `t=${seconds},v1=${createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')}`;
}
