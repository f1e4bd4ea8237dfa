/**
 * Alerts on MQTT, for sirens and for the public: retained while open.
 *
 * A closed alert is said once more in its last state, and then the retained message is cleared.
 */
import { formatAlertTopic } from '../../devices/topics.ts';
import { isOpen } from '../alert.ts';
import { formatAlert } from '../record/format-alert.ts';
import type { Channel } from './channel.ts';

export type Publish = (
  topic: string,
  payload: string | Buffer,
  options: { readonly retain: boolean; readonly qos: 0 | 1 },
) => Promise<void>;

export function createMqttChannel(publish: Publish): Channel {
  return {
    name: 'mqtt',
    audience: 'machine',
    isPublic: true,
    async send({ body }) {
      const { alert, change } = body;
      const topic = formatAlertTopic(alert.city, alert.id);
      const open = isOpen(alert.state);
      const payload = JSON.stringify({ ...formatAlert(alert), change });
      await publish(topic, payload, { retain: open, qos: 1 });
      if (!open) await publish(topic, '', { retain: true, qos: 1 });
    },
  };
}
