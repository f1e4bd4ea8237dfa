/**
 * A device's connection, as whoever asks for its present sees it: apart from what it says.
 *
 * The broker knows it, the API shows it; both know this room. Times are epoch ms. Invariant: an open socket is no word
 * of the device, and the end of one is no silence.
 */
export interface DeviceConnection {
  /** The socket is open since then; undefined while there is none. */
  readonly openSinceMs: number | undefined;
  /** The end of the last one that ended since our start, with its reason as in docs/mqtt.md. */
  readonly lastEnd: { readonly atMs: number; readonly reason: string } | undefined;
}
