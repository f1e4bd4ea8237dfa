/**
 * endWithReader: a command ends when nobody reads what it prints any more, as `… | head` does after ten lines.
 *
 * Called first by every command of ours. Without it the closed pipe is an error that nobody handles, and its trace
 * stands where the tenth line was. Invariant: any other error of a stream is thrown as before.
 */
import type { Writable } from 'node:stream';

export function endWithReader(
  streams: readonly Pick<Writable, 'on'>[] = [process.stdout, process.stderr],
  end: () => void = () => process.exit(),
): void {
  for (const stream of streams) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
      end();
    });
  }
}
