/**
 * One publish over MQTT as any device makes it: connect, PUBLISH of QoS 1, PUBACK, goodbye.
 *
 * Invariant: the connection is gone when this resolves or throws, and throws when `signal` aborts.
 */
import { createConnection } from 'node:net';
import { MqttClient } from 'mqtt';

export interface OwnBroker {
  readonly host: string;
  readonly port: number;
  readonly id: string;
  readonly secret: string;
  /** Our own address is one of those whose connections begin with a PROXY header. */
  readonly sendsProxyHeader: boolean;
}

/** Version 1: whose connection it is stays unsaid, so that it counts as our own. */
const PROXY_HEADER = 'PROXY UNKNOWN\r\n';

export async function publishOnce(
  { host, port, id, secret, sendsProxyHeader }: OwnBroker,
  topic: string,
  payload: string,
  signal: AbortSignal,
): Promise<void> {
  const open = () => {
    const socket = createConnection({ host, port, noDelay: true });
    if (sendsProxyHeader) socket.write(PROXY_HEADER);
    return socket;
  };
  const login = { clientId: id, username: id, password: secret, clean: true };
  const client = new MqttClient(open, { ...login, reconnectPeriod: 0 });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const giveUp = () => reject(signal.reason);
  signal.addEventListener('abort', giveUp, { once: true });
  client.on('error', reject);
  client.on('close', () => reject(new Error('the broker closed the connection')));
  client.on('connect', () => {
    client.publish(topic, payload, { qos: 1 }, (error) => (error ? reject(error) : resolve()));
  });
  try {
    await promise;
  } finally {
    signal.removeEventListener('abort', giveUp);
    await client.endAsync(true);
  }
}
