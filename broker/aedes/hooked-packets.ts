/**
 * Hooked packets: what Aedes goes on to do with a packet after a hook of ours has had it.
 *
 * Aedes hands its hooks the packet itself and reads it again afterwards, and says so nowhere. All that we change in a
 * packet for that reason is changed here; test/broker/aedes-touches.test.ts fails where an upgrade hands out copies.
 */
import type { AedesPublishPacket, PublishPacket } from 'aedes';
import type { ConnectPacket } from '../connect-rules.ts';

/** The CONNECT in `preConnect`: what is changed in it (client id, clean session, will) is what counts. */
export function connectOf(packet: object): ConnectPacket {
  return packet as ConnectPacket;
}

/**
 * Takes Aedes' timer for the keep alive away; returns the seconds that were asked for. It hears whole packets only,
 * and of telemetry nothing (life-signs.ts).
 */
export function takeKeepAlive(connect: ConnectPacket): number {
  const keepAliveS = connect.keepalive ?? 0;
  connect.keepalive = 0;
  return keepAliveS;
}

/** In `authorizePublish`: the PUBACK of this publish is not Aedes' any more. Returns its packet identifier. */
export function takeOverPuback(packet: PublishPacket): number | undefined {
  packet.qos = 0;
  return packet.messageId;
}

/** In `authorizePublish`: Aedes takes no interest any more in retaining it. */
export function takeRetainAway(packet: PublishPacket): void {
  packet.retain = false;
}

/** In `authorizeForward`: the message leaves with this identifier, where it has none. Aedes would begin anywhere. */
export function giveIdentifier(packet: AedesPublishPacket, next: () => number): number {
  const message = packet as { messageId?: number };
  message.messageId ||= next();
  return message.messageId;
}

/** In `authorizePublish`: a will is the very object that stood in the CONNECT. */
export function isSamePacket(packet: object, will: object | undefined): boolean {
  return packet === will;
}
