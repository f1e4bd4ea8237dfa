/**
 * Server-sent events out of a stream of text, after the HTML standard (§9.2.6), for a stream that is read with
 * `fetch`, since EventSource does not tell an ended session from a lost connection. `retry` is left: live-stream.ts
 * waits by a rule of its own.
 *
 * Invariant: however the text is cut into chunks the events are the same; a line longer than `MAX_LINE`
 * throws, so that a broken server cannot fill the page's memory.
 */
export interface StreamEvent {
  readonly type: string;
  readonly data: string;
}

export interface EventParser {
  /** Takes a chunk and returns the events that it completed. */
  push(chunk: string): StreamEvent[];
  /** The last id that was seen; also of a block without data, such as a heartbeat's. */
  readonly lastEventId: string | undefined;
}

/** The longest event is an alert with its detail: some KiB. */
const MAX_LINE = 1_000_000;

export function createEventParser(lastEventId?: string): EventParser {
  let rest = '';
  let type = '';
  let lines: string[] = [];
  let id = lastEventId;

  function takeLine(line: string, events: StreamEvent[]): void {
    if (line === '') {
      if (lines.length > 0) events.push({ type: type || 'message', data: lines.join('\n') });
      type = '';
      lines = [];
      return;
    }
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const raw = colon < 0 ? '' : line.slice(colon + 1);
    const value = raw.startsWith(' ') ? raw.slice(1) : raw;
    if (field === 'data') lines.push(value);
    else if (field === 'event') type = value;
    else if (field === 'id' && !value.includes('\0')) id = value;
  }

  return {
    push(chunk) {
      const events: StreamEvent[] = [];
      rest += chunk;
      // A lone CR at the end may be half of a CRLF: it waits for what follows.
      const end = rest.endsWith('\r') ? rest.length - 1 : rest.length;
      const parts = rest.slice(0, end).split(/\r\n|\n|\r/);
      rest = (parts.pop() ?? '') + rest.slice(end);
      if (rest.length > MAX_LINE) throw new Error('a line of the stream is too long');
      for (const line of parts) takeLine(line, events);
      return events;
    },
    get lastEventId() {
      return id;
    },
  };
}
