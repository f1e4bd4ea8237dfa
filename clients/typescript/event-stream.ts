/**
 * The live stream, for as long as it is wanted: it connects again by itself and misses nothing that Siaga still has.
 *
 * Server-sent events (HTML standard §9.2.6) read with `fetch`, since a token goes in a header. Invariants: an event is
 * given once and in order; after a break it goes on behind the last one (Last-Event-ID); where events are gone, Siaga
 * says `reset` and the reader is to read anew what it shows; a refusal for good (401, 403, 400) is thrown.
 */

export interface SiagaEvent {
  /** Where to resume. */
  readonly id: string;
  /** `reading`, `alert` …; `ready`, `reset` and `heartbeat` are of the stream itself. */
  readonly type: string;
  readonly data: unknown;
}

export interface StreamOptions {
  readonly url: string;
  readonly token?: string | undefined;
  /** All that the token may see where absent. */
  readonly types?: readonly string[];
  /** Of the last event that is known. */
  readonly lastEventId?: string;
  readonly signal?: AbortSignal;
  /** Without a byte for so long the connection is taken for dead; Siaga sends one every 15 s. */
  readonly silenceMs?: number;
}

const SILENCE_MS = 60_000;
/** Until the server says another. */
const FIRST_RETRY_MS = 3_000;
const LONGEST_RETRY_MS = 60_000;
/** The longest event is an alert with its detail: some KiB. */
const MAX_LINE = 1_000_000;

interface Position {
  id: string | undefined;
  retryMs: number;
}

/** Ends when `signal` does. */
export async function* followEvents(options: StreamOptions): AsyncGenerator<SiagaEvent, void> {
  const position: Position = { id: options.lastEventId, retryMs: FIRST_RETRY_MS };
  const isWanted = () => options.signal?.aborted !== true;
  while (isWanted()) {
    let waitMs: number | undefined;
    const connection = new AbortController();
    try {
      const response = await connect(options, position.id, connection);
      waitMs = await waitOf(response);
      if (waitMs === undefined) yield* readEvents(response, position, connection, options.silenceMs);
    } catch (error) {
      if (error instanceof RefusedForGood || error instanceof RangeError) throw error;
      // A connection that broke: the next one goes on where it ended.
    } finally {
      connection.abort();
    }
    if (isWanted()) await pause(Math.min(waitMs ?? position.retryMs, LONGEST_RETRY_MS), options.signal);
  }
}

export class RefusedForGood extends Error {
  readonly status: number;
  constructor(status: number, detail: string) {
    super(detail);
    this.status = status;
  }
}

function connect(
  { url, token, types, signal }: StreamOptions,
  lastEventId: string | undefined,
  connection: AbortController,
): Promise<Response> {
  const query = types ? `?types=${types.map(encodeURIComponent).join(',')}` : '';
  return fetch(`${url.replace(/\/+$/, '')}/v1/stream${query}`, {
    headers: {
      accept: 'text/event-stream',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }),
    },
    cache: 'no-store',
    signal: signal ? AbortSignal.any([signal, connection.signal]) : connection.signal,
  });
}

/** Undefined where the stream is open, else ms until the next try. Throws RefusedForGood. */
async function waitOf(response: Response): Promise<number | undefined> {
  if (response.ok) return undefined;
  const { detail } = (await response.json().catch(() => ({}))) as { detail?: string };
  const { status, statusText, headers } = response;
  if (status < 500 && status !== 429) throw new RefusedForGood(status, detail ?? statusText);
  return (Number(headers.get('retry-after')) || FIRST_RETRY_MS / 1_000) * 1_000;
}

async function* readEvents(
  { body }: Response,
  position: Position,
  connection: AbortController,
  silenceMs = SILENCE_MS,
): AsyncGenerator<SiagaEvent, void> {
  if (!body) return;
  const decoder = new TextDecoder();
  const take = createTakeLine(position);
  let rest = '';
  let timer = setTimeout(() => connection.abort(), silenceMs);
  try {
    for await (const bytes of body) {
      clearTimeout(timer);
      timer = setTimeout(() => connection.abort(), silenceMs);
      rest += decoder.decode(bytes, { stream: true });
      const lines = rest.split('\n');
      rest = lines.pop() ?? '';
      if (rest.length > MAX_LINE) throw new RangeError('a line of the stream is too long');
      for (const line of lines) {
        const event = take(line.replace(/\r$/, ''));
        if (event) yield event;
      }
    }
  } finally {
    clearTimeout(timer);
  }
}

/** Takes line after line, and gives the event that an empty one ends. The position moves with whole events only. */
function createTakeLine(position: Position): (line: string) => SiagaEvent | undefined {
  let type = 'message';
  let id = position.id ?? '';
  let data: string[] = [];
  return (line) => {
    if (line === '') {
      if (data.length === 0) return undefined;
      const event = { id, type, data: JSON.parse(data.join('\n')) as unknown };
      position.id = id;
      type = 'message';
      data = [];
      return event;
    }
    const [, field = '', value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
    if (field === 'event') type = value;
    else if (field === 'id') id = value;
    else if (field === 'data') data.push(value);
    else if (field === 'retry' && /^\d+$/.test(value)) position.retryMs = Number(value);
    return undefined;
  };
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', done);
  });
}
