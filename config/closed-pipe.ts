/**
 * A command whose output is read by `head` or `less`, which may end before it: what nobody reads is dropped, and the
 * command does its work to the end.
 *
 * Called once by each command line. Invariant: any other failure of the output is thrown as before.
 */
export function allowClosedPipe(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
}
