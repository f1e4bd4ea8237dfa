/**
 * The PROXY protocol: what a proxy says before the first byte of its client, so that bounds and logs see the address of
 * the device and not its own.
 *
 * Asked by the front door, for sockets of proxies that are named in MQTT_PROXY_FROM, and of other nodes (relay/), only.
 * Version 2 is binary (HAProxy, load balancers), version 1 a line of text (nginx); both as in HAProxy's document
 * proxy-protocol.txt, whose sections are named here. Invariant: a header is understood whole or not at all, and never
 * guessed.
 */
import { isIP } from 'node:net';

/** Section 2.2: what no other protocol begins with. */
const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
/** Signature, version and command, family and transport, length of the rest. */
const V2_FIXED_BYTES = 16;
/** 216 bytes of addresses at most; load balancers put names and certificates behind them, as TLVs. */
export const MAX_V2_REST_BYTES = 4_096;
/** Section 2.1: "PROXY UNKNOWN" and two addresses of IPv6 in their longest form, with CRLF. */
export const MAX_V1_BYTES = 107;
const V1_START = Buffer.from('PROXY ', 'latin1');
const TCP4 = 0x11;
const TCP6 = 0x21;

export interface ProxyHeader {
  /** Bytes of the stream that are the header. */
  readonly length: number;
  /** Where its client comes from. Undefined: the proxy speaks for itself (LOCAL), or does not know. */
  readonly source: { readonly address: string; readonly port: number } | undefined;
}

/** The header that `bytes` begin with; `more` while it may still become one; else what is wrong with it. */
export function parseProxyHeader(bytes: Buffer): ProxyHeader | 'more' | { readonly fault: string } {
  if (startsAlike(bytes, SIGNATURE)) return parseV2(bytes);
  if (startsAlike(bytes, V1_START)) return parseV1(bytes);
  return { fault: 'no PROXY header' };
}

/** Whether one of the two begins with the other. */
function startsAlike(bytes: Buffer, start: Buffer): boolean {
  const length = Math.min(bytes.length, start.length);
  return bytes.subarray(0, length).equals(start.subarray(0, length));
}

function parseV2(bytes: Buffer): ProxyHeader | 'more' | { fault: string } {
  if (bytes.length < V2_FIXED_BYTES) return 'more';
  const [version, command] = [bytes.readUInt8(12) >> 4, bytes.readUInt8(12) & 0x0f];
  const family = bytes.readUInt8(13);
  const restBytes = bytes.readUInt16BE(14);
  if (version !== 2 || command > 1)
    return { fault: `PROXY header of version ${version}, command ${command}` };
  if (family >> 4 > 3 || (family & 0x0f) > 2) return { fault: 'PROXY header of an unknown family' };
  if (restBytes > MAX_V2_REST_BYTES) return { fault: `PROXY header of ${restBytes} bytes` };
  const length = V2_FIXED_BYTES + restBytes;
  if (bytes.length < length) return 'more';
  if (command === 0 || (family !== TCP4 && family !== TCP6)) return { length, source: undefined };
  const addressBytes = family === TCP4 ? 4 : 16;
  if (restBytes < 2 * addressBytes + 4) return { fault: 'PROXY header without its addresses' };
  const address = bytes.subarray(V2_FIXED_BYTES, V2_FIXED_BYTES + addressBytes);
  const port = bytes.readUInt16BE(V2_FIXED_BYTES + 2 * addressBytes);
  return { length, source: { address: family === TCP4 ? address.join('.') : formatIpv6(address), port } };
}

/** A header of version 2 for this client; one that speaks for itself (LOCAL) where its address is none of IP. */
export function formatProxyHeader({ address, port = 0 }: { address: string; port?: number }): Buffer {
  const version = isIP(address);
  const bytes = version === 0 ? Buffer.alloc(0) : version === 4 ? parseIpv4(address) : parseIpv6(address);
  const head = Buffer.alloc(V2_FIXED_BYTES);
  SIGNATURE.copy(head);
  head.writeUInt8(version === 0 ? 0x20 : 0x21, 12);
  head.writeUInt8(version === 0 ? 0 : version === 4 ? TCP4 : TCP6, 13);
  if (version === 0) return head;
  const ports = Buffer.alloc(4);
  ports.writeUInt16BE(port);
  // Where it came to says nothing here: no target.
  const rest = Buffer.concat([bytes, Buffer.alloc(bytes.length), ports]);
  head.writeUInt16BE(rest.length, 14);
  return Buffer.concat([head, rest]);
}

function parseIpv4(address: string): Buffer {
  return Buffer.from(address.split('.').map(Number));
}

function parseIpv6(address: string): Buffer {
  // Without a zone, and an IPv4 at its end as two groups.
  const [front = '', back] = shortenIpv6(address.split('%')[0] as string).split('::');
  const groupsOf = (text = '') => (text === '' ? [] : text.split(':'));
  const [first, last] = [groupsOf(front), groupsOf(back)];
  const groups = [...first, ...Array(8 - first.length - last.length).fill('0'), ...last];
  return Buffer.concat(groups.map((group) => Buffer.from(group.padStart(4, '0'), 'hex')));
}

/** The form that sockets show, so that one address has one name. */
function formatIpv6(address: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, index) => address.readUInt16BE(2 * index).toString(16));
  return shortenIpv6(groups.join(':'));
}

function shortenIpv6(address: string): string {
  return new URL(`http://[${address}]`).hostname.slice(1, -1);
}

function parseV1(bytes: Buffer): ProxyHeader | 'more' | { fault: string } {
  const end = bytes.subarray(0, MAX_V1_BYTES).indexOf('\r\n');
  if (end === -1) {
    return bytes.length < MAX_V1_BYTES ? 'more' : { fault: 'PROXY line that does not end' };
  }
  const length = end + 2;
  const words = bytes.subarray(0, end).toString('latin1').split(' ');
  if (words[1] === 'UNKNOWN') return { length, source: undefined };
  const [, protocol, address = '', target = '', port = '', targetPort = ''] = words;
  const version = protocol === 'TCP4' ? 4 : protocol === 'TCP6' ? 6 : undefined;
  const isSound =
    words.length === 6 &&
    isIP(address) === version &&
    isIP(target) === version &&
    isPort(port) &&
    isPort(targetPort);
  if (!isSound) return { fault: 'PROXY line with wrong words' };
  return { length, source: { address: version === 6 ? shortenIpv6(address) : address, port: Number(port) } };
}

function isPort(text: string): boolean {
  return /^(0|[1-9]\d{0,4})$/.test(text) && Number(text) <= 65_535;
}
