/**
 * Loaded into each child of the demo before its own program: when the demo is gone, end in the ordinary way.
 *
 * Invariant: it never keeps the child alive by itself.
 */
process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
process.channel?.unref();
