/**
 * SetAside: what was not understood gets its reason, its count and its raw payload, for the journal to keep.
 *
 * Used by the pipeline for messages on our own topics and by the foreign intake for all others. Invariant: what is
 * set aside is counted by reason, for all and for its device, and its device was heard.
 */
import { Counter, type Registry as Metrics } from 'prom-client';
import type { RejectedMessage, Rejection } from '../devices/rejection.ts';
import { recordLeftOut, recordRejection } from '../fleet/data-health.ts';
import type { Fleet } from '../fleet/fleet.ts';
import type { IncomingMessage } from './incoming-message.ts';
import type { LeftOut } from './validate.ts';

export interface SetAside {
  /** `device` is the sender as the journal keeps it: who it proved to be, else whom the topic names. */
  keep(
    message: IncomingMessage,
    rejection: Rejection,
    payload: Uint8Array,
    device: string | undefined,
  ): RejectedMessage;
  countLeftOut(device: string, keys: readonly LeftOut[]): void;
}

export function createSetAside(fleet: Fleet, metrics: Metrics): SetAside {
  const rejections = new Counter({
    name: 'siaga_rejections_total',
    help: 'Messages, or readings of a batch, that were not understood.',
    labelNames: ['reason'],
    registers: [metrics],
  });
  const leftOut = new Counter({
    name: 'siaga_left_out_total',
    help: 'Keys beside the quantities that could not be believed; the readings were kept.',
    labelNames: ['key'],
    registers: [metrics],
  });
  return {
    keep({ topic, receivedAt, clientId }, rejection, payload, device) {
      rejections.inc({ reason: rejection.reason });
      const health = device === undefined ? undefined : fleet.now(device)?.health;
      if (health) recordRejection(health, rejection.reason);
      if (device !== undefined) fleet.hear(device, receivedAt, rejection.detail);
      return {
        ...rejection,
        topic,
        payload,
        receivedAt,
        clientId,
        ...(device === undefined ? {} : { device }),
      };
    },
    countLeftOut(device, keys) {
      const health = fleet.now(device)?.health;
      for (const key of keys) {
        leftOut.inc({ key });
        if (health) recordLeftOut(health, key);
      }
    },
  };
}
