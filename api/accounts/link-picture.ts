/**
 * The link of an invitation, and the same as a QR code: for a colleague's phone that stands beside the screen, and for
 * a terminal.
 *
 * Squares only; the page draws them, so that no markup is taken from an answer.
 */
import encodeQR from 'qr';

export interface QrCode {
  /** Modules in a row, without the quiet zone of four that the page leaves around it. */
  readonly size: number;
  /** The dark ones as the `d` of an SVG path, one unit a module. */
  readonly path: string;
}

export function drawLink(link: string): QrCode {
  // The library draws a border of at least one.
  const rows = encodeQR(link, 'raw', { ecc: 'medium', border: 1 })
    .slice(1, -1)
    .map((row) => row.slice(1, -1));
  const path = rows.flatMap((row, y) => row.flatMap((isDark, x) => (isDark ? [`M${x} ${y}h1v1h-1z`] : [])));
  return { size: rows.length, path: path.join('') };
}

/** Behind `#`: it stays in the browser, out of every log between. */
export function formatLink(base: string, secret: string): string {
  return `${base}/join#${secret}`;
}

/** For a terminal of dark ground. */
export function printLink(link: string): string {
  return encodeQR(link, 'ascii', { ecc: 'low', border: 2 });
}
