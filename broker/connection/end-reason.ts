/**
 * Why a connection ended: the closed list of labels, in /metrics, in the log and in docs/mqtt.md.
 *
 * Set once, by whoever ends a connection or notices its end. Invariant: the first reason stands; what comes
 * after it (a reset socket, a failed write) is its consequence.
 */
export const END_REASONS = [
  'client-disconnect',
  'client-closed',
  'taken-over',
  'gave-way',
  'keep-alive-timeout',
  'too-slow',
  'gave-up',
  'proxy-header',
  'handshake-timeout',
  'handshake-failed',
  'connect-timeout',
  'authenticate-timeout',
  'bad-credentials',
  'not-authorized',
  'identifier-rejected',
  'unacceptable-protocol',
  'server-busy',
  'packet-too-large',
  'malformed',
  'protocol-violation',
  'slow-reader',
  'not-stored',
  'internal-error',
  'revoked',
  'io-error',
  'server-closing',
] as const;
export type EndReason = (typeof END_REASONS)[number];

/** Reasons for which the device or somebody in its place did what the protocol does not allow. */
export const MISBEHAVIOURS: ReadonlySet<EndReason> = new Set([
  'too-slow',
  'proxy-header',
  'handshake-timeout',
  'connect-timeout',
  'authenticate-timeout',
  'bad-credentials',
  'not-authorized',
  'identifier-rejected',
  'unacceptable-protocol',
  'packet-too-large',
  'malformed',
  'protocol-violation',
  'slow-reader',
]);

/** With it whoever brings us a client's bytes destroys the stream of one that broke a rule. */
export class ProtocolViolationError extends Error {
  readonly code = 'MQTT_PROTOCOL_VIOLATION';
}

/**
 * What an error that Aedes or the socket raised means. Of Aedes' own errors those are left that a packet led to,
 * since our timers and checks come first; those of the system have a code.
 */
export function parseEndReason(error: Error & { code?: string }): EndReason {
  if (error instanceof ProtocolViolationError) return 'protocol-violation';
  return error.code === undefined ? 'malformed' : 'io-error';
}
