/** PROXY headers as a proxy writes them, made from the specification and not by our parser. */
export const PROXY_SIGNATURE = Buffer.from([13, 10, 13, 10, 0, 13, 10, 81, 85, 73, 84, 10]);

export interface ProxyHeaderParts {
  readonly version?: number;
  readonly command?: number;
  readonly family?: number;
  /** Source and target address and ports, in the order of the header. */
  readonly rest: readonly number[];
  /** What the header says of their length, where that is not true. */
  readonly length?: number;
}

export function proxyV2({ version = 2, command = 1, family = 0x11, rest, length }: ProxyHeaderParts): Buffer {
  const bytes = length ?? rest.length;
  return Buffer.concat([
    PROXY_SIGNATURE,
    Buffer.of((version << 4) | command, family, bytes >> 8, bytes & 0xff),
    Buffer.from(rest),
  ]);
}

/** TCP over IPv4 from this address and port. */
export function proxyV2From(address: string, port: number): Buffer {
  const source = address.split('.').map(Number);
  return proxyV2({ rest: [...source, 127, 0, 0, 1, port >> 8, port & 0xff, 7, 91] });
}
