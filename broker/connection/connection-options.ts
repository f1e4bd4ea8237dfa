/**
 * What a connection is opened with: its stream, where it came from, and its bounds.
 *
 * Made by the broker for each stream of a listener. Invariant: everything a connection may not exceed is here.
 */
import type { Duplex } from 'node:stream';
import type { TokenBucket } from '../../clock/token-bucket.ts';
import type { AnswerRound } from './answer-queue.ts';
import type { ScannerLimits } from './packet-scanner.ts';
import type { TooLargePublish } from './skipped-packet.ts';

export type ListenerName = 'tcp' | 'tls' | 'ws' | 'memory';
export type HoldCause = 'in-flight' | 'rate' | 'work' | 'journal' | 'unread-answers';

/** Where a connection came from. */
export interface ClientCertificate {
  /** Its CN. */
  readonly name: string;
  /** From when it is valid, epoch ms: as a rule when it was issued. */
  readonly validFromMs: number;
}

export interface Origin {
  readonly listener: ListenerName;
  readonly address: string;
  readonly port?: number;
  /** Address and port of the proxy that said so. */
  readonly via?: string;
  /** A client certificate that our authority signed. */
  readonly certificate?: ClientCertificate;
}

/** The other end of a socket: no two that are open have the same. */
export function formatOriginKey({ listener, address, port, via = '' }: Origin): string {
  return `${listener} ${address} ${port} ${via}`;
}

/** `C` is the connection that is opened with them: what its callbacks are told of. */
export interface ConnectionOptions<C = never> {
  readonly stream: Duplex;
  readonly origin: Origin;
  readonly limits: ScannerLimits;
  readonly maxInFlight: number;
  readonly publishRate: TokenBucket;
  /** For all that is no PUBLISH of QoS 0 or 1, by price (packet-prices.ts). */
  readonly workRate: TokenBucket;
  /** Where all connections' stored publishes are answered. */
  readonly round: AnswerRound;
  /** Who leaves its answers unread for longer is dropped. */
  readonly drainTimeoutMs: number;
  /** True while too many bytes await the disk: no PUBLISH is read. */
  readonly isJournalBusy: () => boolean;
  /** Telemetry of QoS 1. The payload is a view into the bytes read. */
  readonly takeTelemetry: (connection: C, topic: string, payload: Buffer, messageId: number) => void;
  /** A PUBLISH over the packet bound has been skipped; only its begin is here. */
  readonly takeTooLarge: (connection: C, publish: TooLargePublish) => void;
  /** A mistake of ours has ended it. */
  readonly onFault: (connection: C, error: Error) => void;
  readonly onHold: (cause: HoldCause) => void;
  /** A message was larger than a client of version 5 said that it takes, and did not go to it. */
  readonly onTooLargeForClient: () => void;
  readonly onBytes: (bytes: number) => void;
  /** Epoch ms. */
  readonly openedAt: number;
  /** The same moment by the clock that is never set. */
  readonly openedMonotonicMs: number;
}
