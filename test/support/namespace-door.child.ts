/**
 * `node namespace-door.child.ts <path> <port>`: joins each connection to the Unix socket at this path with
 * 127.0.0.1:port of the network namespace that it runs in. Says `ready` once it listens. Paths are outside of every
 * namespace.
 */
import { connect, createServer } from 'node:net';

const [path = '', port = ''] = process.argv.slice(2);
createServer((near) => {
  const far = connect(Number(port), '127.0.0.1');
  for (const [one, other] of [
    [near, far],
    [far, near],
  ] as const) {
    one.on('error', () => undefined);
    one.on('close', () => other.destroy());
    one.pipe(other);
  }
}).listen(path, () => console.log('ready'));
