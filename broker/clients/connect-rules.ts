/**
 * Who may be connected as whom.
 *
 * Called by the broker's hooks before and while a client is authenticated. Invariant: a client id belongs to
 * one identity, so that nobody can push another off the line by taking its id [MQTT-3.1.4-2]: a device's is
 * its own id or stands in a name space of its own, as that of an observer or a gateway. The user name proves who it
 * is; any client id is let in with it.
 */
import { GATEWAY_PREFIX, isId, parseDeviceTopic } from '../../devices/topics.ts';
import type { Connection } from '../connection/connection.ts';
import type { EndReason } from '../connection/end-reason.ts';
import { type Identity, OBSERVER_PREFIX } from './access.ts';
import type { Authenticator } from './authenticator.ts';

/** The part of a CONNECT that is judged, and changed, here. */
export interface ConnectPacket {
  clientId: string;
  /** 3 is MQTT 3.1, 4 is 3.1.1, 5 is 5. */
  protocolVersion?: number;
  /** Clean session; of version 5 clean start, which says nothing of how long the session is kept. */
  clean?: boolean;
  /** Seconds. */
  keepalive?: number;
  username?: string;
  password?: Buffer;
  /** Of version 5. */
  properties?: {
    readonly sessionExpiryInterval?: number;
    readonly receiveMaximum?: number;
    readonly maximumPacketSize?: number;
    readonly requestProblemInformation?: boolean;
  };
  will?: { topic: string; payload: Buffer | string; qos?: number; retain?: boolean };
}

/** Longest client id: the longest user name, a slash, and 128 characters of the client's own. */
export const MAX_CLIENT_ID_LENGTH = 64 + 1 + 128;

/** A refused CONNECT: the return code of its CONNACK, and the reason for log and metrics. */
export interface ConnectRefusal {
  readonly returnCode: 2 | 4 | 5;
  readonly reason: EndReason;
}

/** Gives a client the id it is known by inside. [MQTT-3.1.3-6] an empty one is assigned; 3.1 has none such. */
export function assignClientId(packet: ConnectPacket, userName: string | undefined): void {
  if (userName === undefined || packet.clientId === userName) return;
  const isDevice = isId(userName);
  if (!isDevice && !userName.startsWith(OBSERVER_PREFIX) && !userName.startsWith(GATEWAY_PREFIX)) return;
  packet.clientId =
    isDevice && packet.clientId === '' && mayAssignId(packet) ? userName : `${userName}/${packet.clientId}`;
}

/**
 * A will that nobody may leave there is taken away, and costs no more: firmware of others leaves its own. Returns
 * the topic. Whose it is where it stays is judged when it is published, like every message.
 */
export function takeForeignWill(
  packet: ConnectPacket,
  userName: string | undefined,
  isStatusOfFormat: (topic: string) => boolean,
): string | undefined {
  const topic = packet.will?.topic;
  if (topic === undefined) return undefined;
  const parsed = parseDeviceTopic(topic);
  const isStatus = typeof parsed !== 'string' && parsed.channel === 'status';
  const isOwn =
    userName === undefined ||
    userName.startsWith(GATEWAY_PREFIX) ||
    (isStatus && parsed.device === userName) ||
    (isId(userName) && !isStatus);
  const mayStay = isOwn && !userName?.startsWith(OBSERVER_PREFIX) && (isStatus || isStatusOfFormat(topic));
  if (mayStay) return undefined;
  delete packet.will;
  return topic;
}

/** [MQTT-3.1.3-8] without an id there is no session to keep; MQTT 3.1 asks for one character at least. */
function mayAssignId({ clean, protocolVersion }: ConnectPacket): boolean {
  // Version 5 tells the client which id it got.
  return protocolVersion === 5 || (clean === true && protocolVersion !== 3);
}

export interface IdentifyOptions {
  /** Undefined where no credential is asked for. */
  readonly authenticator: Authenticator | undefined;
}

/** Verifies the credential, then that this identity may connect like this. */
export async function identify(
  packet: ConnectPacket,
  connection: Connection,
  { authenticator }: IdentifyOptions,
): Promise<Identity | ConnectRefusal> {
  const isAnonymous = packet.clientId.endsWith('/') || packet.clientId === '';
  if ((isAnonymous && !mayAssignId(packet)) || packet.clientId.length > MAX_CLIENT_ID_LENGTH) {
    return { returnCode: 2, reason: 'identifier-rejected' };
  }
  return authenticator ? verify(packet, connection, authenticator) : { role: 'anyone' };
}

async function verify(
  { username, password }: ConnectPacket,
  { origin }: Connection,
  authenticator: Authenticator,
): Promise<Identity | ConnectRefusal> {
  if (origin.certificate !== undefined) {
    const identity = authenticator.verifyCertificate(origin.certificate);
    return identity ?? { returnCode: 5, reason: 'not-authorized' };
  }
  if (username === undefined || password === undefined) return { returnCode: 4, reason: 'bad-credentials' };
  const identity = await authenticator.verify(username, password);
  return identity ?? { returnCode: 4, reason: 'bad-credentials' };
}
