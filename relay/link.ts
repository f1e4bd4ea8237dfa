/**
 * Link: one connection from a standby to the owner, which carries one connection of a device or a caller.
 *
 *   device ── standby's listener ── link ── owner's door (door.ts) ── the listener's own entrance
 *
 * TLS 1.3 with a key that both have from the state's database (ownership/owner-node.ts), so that neither takes anybody
 * else for a node, and nobody between them reads along. A link begins with a PROXY header that says whose it is; what
 * it is for, its lane, is agreed in the handshake (ALPN). Invariant: no byte goes to who does not know the key.
 */
import { connect, type TLSSocket, type TlsOptions } from 'node:tls';
import type { ListenerName } from '../broker/connection/connection-options.ts';
import { formatProxyHeader } from '../broker/listeners/proxy-header.ts';
import type { OwnerNode } from '../ownership/owner-node.ts';

/** From a link's begin to its handshake: nodes stand in one network. */
export const LINK_WITHIN_MS = 3_000;
/**
 * Held of one link, each way, besides what the kernel holds: Node's own 64 KiB for each of 12,000 would be too much.
 */
export const LINK_BUFFER_BYTES = 16_384;

/** What a link is for: a listener of the broker, or the API. */
export type Lane = `mqtt-${Exclude<ListenerName, 'memory'>}` | 'api';
export const LANES: readonly Lane[] = ['mqtt-tcp', 'mqtt-tls', 'mqtt-ws', 'api'];

/** Whose connection it is. */
export interface Source {
  readonly address: string;
  readonly port?: number;
}

/** Of both ends. There is no certificate: who does not know the key has no way in, and none to answer. */
export const LINK_TLS = {
  minVersion: 'TLSv1.3',
  ciphers: 'TLS_AES_128_GCM_SHA256',
} as const satisfies TlsOptions;

/** How a node names the key that it shows. */
export function nameKey({ city, epoch }: Pick<OwnerNode, 'city' | 'epoch'>): string {
  return `${city} ${epoch}`;
}

/** Resolves with a link that has said whose it is; rejects where the owner is not reached in time. */
export function openLink(node: OwnerNode, lane: Lane, source: Source): Promise<TLSSocket> {
  const { promise, resolve, reject } = Promise.withResolvers<TLSSocket>();
  const { host, port, key } = node;
  const link = connect({
    ...LINK_TLS,
    ...{ host, port, ALPNProtocols: [lane], highWaterMark: LINK_BUFFER_BYTES },
    pskCallback: () => ({ psk: key, identity: nameKey(node) }),
    // Asked of a certificate only, whoever signed it.
    checkServerIdentity: () => new Error('the owner shows a key, and no certificate'),
  });
  const timer = setTimeout(
    () => link.destroy(new Error(`no link to ${host}:${port} within ${LINK_WITHIN_MS} ms`)),
    LINK_WITHIN_MS,
  );
  link.setNoDelay(true);
  link.setKeepAlive(true);
  link.once('secureConnect', () => {
    clearTimeout(timer);
    link.off('error', reject);
    link.write(formatProxyHeader(source));
    resolve(link);
  });
  link.once('error', reject);
  link.once('close', () => {
    clearTimeout(timer);
    reject(new Error(`the link to ${host}:${port} was closed`));
  });
  // Whoever has it hears of its end by 'close'.
  link.on('error', () => undefined);
  return promise;
}
