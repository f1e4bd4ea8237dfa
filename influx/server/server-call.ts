/**
 * A call to InfluxDB's own HTTP API, and what is found in its JSON.
 *
 * Invariant: an answer that is no JSON (a proxy's page, an empty body) is one in which nothing is found.
 */

/** One HTTP call below INFLUX_URL, with the token. */
export type Call = (path: string, init?: RequestInit, timeoutMs?: number) => Promise<Response>;

/** What the server says, out of its JSON where it is some. */
export function wordsOf(text: string): string {
  const words = stringIn(text, 'message') ?? stringIn(text, 'error') ?? text;
  return words.trim().slice(0, 300);
}

export function stringIn(text: string, key: string): string | undefined {
  const value = parseObject(text)[key];
  return typeof value === 'string' ? value : undefined;
}

export function listIn(text: string, key: string): readonly Readonly<Record<string, unknown>>[] {
  const value = parseObject(text)[key];
  return Array.isArray(value) ? value : [];
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    // Not JSON: a proxy's page, or the empty body of 1.x.
    return {};
  }
}
