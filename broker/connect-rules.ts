/**
 * Who may be connected as whom.
 *
 * Called by the broker's hooks before and while a client is authenticated. Invariant: a client id belongs to
 * one identity, so that nobody can push another off the line by taking its id [MQTT-3.1.4-2]: a device's is
 * its own id, an observer's is kept in a name space of its own.
 */
import { formatDeviceTopic, isId, parseDeviceTopic } from '../devices/topics.ts';
import { type Identity, OBSERVER_PREFIX } from './access.ts';
import { type Authenticator, AuthenticatorBusyError } from './authenticator.ts';
import type { Connection } from './connection/connection.ts';
import type { EndReason } from './connection/end-reason.ts';

/** The part of a CONNECT that is judged, and changed, here. */
export interface ConnectPacket {
  clientId: string;
  /** 3 is MQTT 3.1, 4 is 3.1.1. */
  protocolVersion?: number;
  clean?: boolean;
  /** Seconds. */
  keepalive?: number;
  username?: string;
  password?: Buffer;
  will?: { topic: string; payload: Buffer | string; qos?: number; retain?: boolean };
}

/** Longest client id: the longest device id, or an observer's name with a random tail. */
export const MAX_CLIENT_ID_LENGTH = 128;

/** A refused CONNECT: the return code of its CONNACK, and the reason for log and metrics. */
export interface ConnectRefusal {
  readonly returnCode: 2 | 3 | 4 | 5;
  readonly reason: EndReason;
}

/** Gives a client the id it is known by inside. [MQTT-3.1.3-6] an empty one is assigned; 3.1 has none such. */
export function assignClientId(packet: ConnectPacket, userName: string | undefined): void {
  if (userName?.startsWith(OBSERVER_PREFIX)) packet.clientId = `${userName}/${packet.clientId}`;
  else if (packet.clientId === '' && mayAssignId(packet) && userName !== undefined && isId(userName)) {
    packet.clientId = userName;
  }
}

/** [MQTT-3.1.3-8] without an id there is no session to keep; MQTT 3.1 asks for one character at least. */
function mayAssignId({ clean, protocolVersion }: ConnectPacket): boolean {
  return clean === true && protocolVersion !== 3;
}

export interface IdentifyOptions {
  /** Undefined where no credential is asked for. */
  readonly authenticator: Authenticator | undefined;
  readonly city: string;
}

/** Verifies the credential, then that this identity may connect like this. */
export async function identify(
  packet: ConnectPacket,
  connection: Connection,
  { authenticator, city }: IdentifyOptions,
): Promise<Identity | ConnectRefusal> {
  const isAnonymous = packet.clientId.endsWith('/') || packet.clientId === '';
  if ((isAnonymous && !mayAssignId(packet)) || packet.clientId.length > MAX_CLIENT_ID_LENGTH) {
    return { returnCode: 2, reason: 'identifier-rejected' };
  }
  const identity = authenticator
    ? await verify(packet, connection, authenticator)
    : ({ role: 'anyone' } as const);
  if (!('role' in identity)) return identity;
  if (identity.role === 'device' && packet.clientId !== identity.id) {
    return { returnCode: 2, reason: 'identifier-rejected' };
  }
  if (packet.will && !mayLeaveWill(identity, city, packet.will.topic)) {
    return { returnCode: 5, reason: 'not-authorized' };
  }
  return identity;
}

async function verify(
  { username, password }: ConnectPacket,
  { origin }: Connection,
  authenticator: Authenticator,
): Promise<Identity | ConnectRefusal> {
  if (origin.certificateName !== undefined) {
    const identity = authenticator.verifyCertificate(origin.certificateName);
    return identity ?? { returnCode: 5, reason: 'not-authorized' };
  }
  if (username === undefined || password === undefined) return { returnCode: 4, reason: 'bad-credentials' };
  try {
    const identity = await authenticator.verify(username, password);
    return identity ?? { returnCode: 4, reason: 'bad-credentials' };
  } catch (error) {
    if (error instanceof AuthenticatorBusyError) return { returnCode: 3, reason: 'server-busy' };
    throw error;
  }
}

/** A will is a `status`, and of a device its own. */
function mayLeaveWill(identity: Identity, city: string, topic: string): boolean {
  if (identity.role === 'observer') return false;
  if (identity.role === 'anyone') {
    const parsed = parseDeviceTopic(topic);
    return typeof parsed !== 'string' && parsed.channel === 'status';
  }
  return topic === formatDeviceTopic({ city, kind: identity.kind, device: identity.id, channel: 'status' });
}
