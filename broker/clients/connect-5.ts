/**
 * What a CONNECT of MQTT 5 asks for besides, and what its CONNACK tells: session expiry, keep alive, client id, window.
 *
 * Called by the hooks before a client is authenticated and when it is let in; of older versions it does next to
 * nothing. Invariant: what CONNACK tells is what holds.
 */
import type { Client } from 'aedes';
import { announce } from '../aedes/aedes-inside.ts';
import { endSessionSoonAfter, takeKeepAlive } from '../aedes/hooked-packets.ts';
import type { Listening5 } from '../connection/answers-5.ts';
import type { Connection } from '../connection/connection.ts';
import type { ConnectPacket } from './connect-rules.ts';

const MAX_RECEIVE_MAXIMUM = 65_535;
/** [MQTT 5, 2.1.4] the largest packet that there can be. */
const MAX_PACKET_BYTES = 268_435_460;
/** Where a client asks for a longer one or for none: a box that is gone is known to be within 90 minutes. */
export const MAX_KEEP_ALIVE_S = 3_600;

/** Whether the session is to outlive the connection. */
export function keepsSession({ protocolVersion, clean, properties }: ConnectPacket): boolean {
  if (protocolVersion !== 5) return clean !== true;
  return (properties?.sessionExpiryInterval ?? 0) > 0;
}

/** In `preConnect`: notes at the connection what holds for it. */
export function takeTerms(connection: Connection, connect: ConnectPacket): void {
  const askedS = takeKeepAlive(connect);
  connection.listening5 = listeningOf(connect, askedS);
  connection.keepAliveS = connection.listening5?.serverKeepAliveS ?? askedS;
  if (connect.protocolVersion === 5 && connect.clean === false && !keepsSession(connect)) {
    endSessionSoonAfter(connect);
  }
}

/** As soon as the client is let in. */
export function tellTerms(
  client: Client,
  { listening5 }: Connection,
  terms: { isSessionKept: boolean; isUnnamed: boolean },
): void {
  if (!listening5) return;
  const { serverKeepAliveS } = listening5;
  announce(client, {
    ...(terms.isUnnamed ? { assignedClientId: client.id } : {}),
    ...(serverKeepAliveS === undefined ? {} : { serverKeepAlive: serverKeepAliveS }),
    sessionExpiry: terms.isSessionKept,
  });
}

/** What a client of version 5 takes; undefined of others, which take all. */
function listeningOf(
  { protocolVersion, properties = {} }: ConnectPacket,
  askedS: number,
): Listening5 | undefined {
  if (protocolVersion !== 5) return undefined;
  const keepsOwn = askedS > 0 && askedS <= MAX_KEEP_ALIVE_S;
  return {
    wantsReasons: properties.requestProblemInformation !== false,
    maxPacketBytes: properties.maximumPacketSize ?? MAX_PACKET_BYTES,
    maxUnacknowledged: properties.receiveMaximum ?? MAX_RECEIVE_MAXIMUM,
    serverKeepAliveS: keepsOwn ? undefined : MAX_KEEP_ALIVE_S,
  };
}
