/**
 * The TLS listener: handshakes, and tickets by which a device that comes back needs no whole one.
 *
 * Behind the front door, before the broker. Invariants: a handshake has time by its progress (handshakes.ts); a ticket
 * opens nothing of a connection after its key has gone, which is two hours after it was made at most.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type TLSSocket } from 'node:tls';
import type { ClientCertificate } from '../connection/connection-options.ts';
import type { Entrance, FrontDoor, ListenersOptions } from './front-door.ts';
import { type Handshakes, MAX_HANDSHAKE_MS } from './handshakes.ts';

/**
 * Each connection has a key of its own (ECDHE; in TLS 1.3 always), so that a server key that is stolen later opens
 * no recording. Node's list ends in HIGH, which lets RSA key exchange in. CBC stays for older modems.
 */
const FORWARD_SECRET_CIPHERS = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_128_GCM_SHA256',
  'ECDHE+AESGCM',
  'ECDHE+CHACHA20',
  'ECDHE+AES',
  '!aNULL',
].join(':');

/**
 * Tickets are sealed by one key, so that a new one voids them all, and whoever comes back then makes a whole
 * handshake. Longer than most cuts; short, since in TLS 1.2 who steals the key can read what its tickets resumed.
 */
const TICKET_KEY_S = 2 * 60 * 60;
/** What Node's servers take: name, HMAC key and AES key, of 16 bytes each. */
const TICKET_KEY_BYTES = 48;

export interface TlsEntrance extends Entrance {
  close(): void;
}

export function createTlsEntrance(
  options: ListenersOptions,
  door: FrontDoor,
  handshakes: Handshakes,
): TlsEntrance {
  const { config, onStream } = options;
  const clientAuthority = config.TLS_CLIENT_CA_FILE;
  const server = createServer({
    cert: readFileSync(config.TLS_CERT_FILE as string),
    key: readFileSync(config.TLS_KEY_FILE as string),
    handshakeTimeout: MAX_HANDSHAKE_MS,
    minVersion: 'TLSv1.2',
    ciphers: FORWARD_SECRET_CIPHERS,
    ticketKeys: randomBytes(TICKET_KEY_BYTES),
    sessionTimeout: TICKET_KEY_S,
    // A device without a certificate shows its secret; a certificate that is not ours counts as none.
    ...(clientAuthority
      ? { ca: readFileSync(clientAuthority), requestCert: true, rejectUnauthorized: false }
      : {}),
  });
  const rotation = setInterval(
    () => server.setTicketKeys(randomBytes(TICKET_KEY_BYTES)),
    TICKET_KEY_S * 1_000,
  );
  rotation.unref();
  server.on('secureConnection', (socket) => {
    const origin = door.originOf(socket);
    if (!origin) {
      socket.destroy();
      return;
    }
    const certificate = clientAuthority ? readCertificate(socket) : undefined;
    handshakes.done(origin);
    onStream(socket, certificate ? { ...origin, certificate } : origin);
  });
  // A failed handshake closes its own socket; without a listener it would be thrown.
  server.on('tlsClientError', (error, socket) => {
    const origin = door.originOf(socket);
    if (origin) handshakes.noteError(origin, error);
    socket.destroy();
  });
  return {
    listener: 'tls',
    // Nothing that counts comes before the handshake is done.
    isHello: () => true,
    serve(socket, origin, over) {
      handshakes.begin(socket, origin, over);
      server.emit('connection', socket);
    },
    close: () => clearInterval(rotation),
  };
}

function readCertificate(socket: TLSSocket): ClientCertificate | undefined {
  if (!socket.authorized) return undefined;
  const { subject, valid_from: validFrom } = socket.getPeerCertificate();
  const name = subject?.CN;
  return typeof name === 'string' ? { name, validFromMs: Date.parse(validFrom) } : undefined;
}
