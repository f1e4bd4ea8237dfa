/**
 * sendLines: one write to InfluxDB by its own client, in the time and the memory that it may take.
 *
 * The client's `timeout` counts silence, so that a server that says a byte a second would hold a batch for hours, and
 * it reads what a server says of a refusal to its end. Here the whole of a write has one deadline, and an answer a
 * bound. Invariant: it resolves where the client knows that all is stored, and nowhere else.
 */
import { type Agent, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { InfluxDB, type WriteApi } from '@influxdata/influxdb-client';
import { AnswerTooLargeError, MAX_ANSWER_BYTES } from './bounded-answer.ts';

export interface WriteAddress {
  readonly url: string;
  readonly org: string;
  readonly bucket: string;
  /** Below the address, with its query; undefined: the client's own, that of 2. */
  readonly path: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly agent: Agent;
  /** Larger bodies are compressed. */
  readonly gzipAboveBytes: number;
  readonly timeoutMs: number;
}

/** Rejects with HttpError where the server refuses, with the network's error, or with a TimeoutError. */
export async function sendLines(address: WriteAddress, lines: string): Promise<void> {
  const deadline = AbortSignal.timeout(address.timeoutMs);
  const ending = new AbortController();
  const signal = AbortSignal.any([deadline, ending.signal]);
  const writer = openWriter(address, signal, (why) => ending.abort(why));
  writer.writeRecord(lines);
  try {
    await writer.flush();
  } catch (error) {
    // What was broken off says only that it was.
    throw signal.aborted ? signal.reason : error;
  }
}

function openWriter(address: WriteAddress, signal: AbortSignal, end: (why: Error) => void): WriteApi {
  const { url, org, bucket, path, headers, agent, gzipAboveBytes, timeoutMs } = address;
  // The client takes another `request` here, meant for one that follows redirects; these follow none.
  const bounded = {
    http: { request: boundAnswers(requestHttp, end) },
    https: { request: boundAnswers(requestHttps, end) },
  };
  const client = new InfluxDB({
    ...{ url, headers, timeout: timeoutMs },
    transportOptions: { agent, signal, 'follow-redirects': bounded },
  });
  const writer = client.getWriteApi(org, bucket, 'ms', {
    // One record is a whole batch, and flush() is called behind it: the client neither gathers, nor times, nor
    // retries. Its retry buffer lives in memory and drops; the journal does not.
    batchSize: 2,
    maxBatchBytes: Number.MAX_SAFE_INTEGER,
    flushInterval: 0,
    maxRetries: 0,
    gzipThreshold: gzipAboveBytes,
    writeFailed: (error) => Promise.reject(error),
  });
  if (path !== undefined) writer.path = path;
  return writer;
}

type Ask = typeof requestHttp;
type AskArguments = [options: Parameters<Ask>[0], onAnswer: Parameters<Ask>[2]];

/** Ends what says more than an InfluxDB does, or in a form that nobody asked for and whose size is unknown. */
function boundAnswers(ask: Ask, end: (why: Error) => void) {
  return (...[options, onAnswer]: AskArguments) =>
    ask(options as never, (answer) => {
      let bytes = 0;
      answer.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > MAX_ANSWER_BYTES) end(new AnswerTooLargeError());
      });
      if (answer.headers['content-encoding']) end(new Error('its answer is packed: is that an InfluxDB?'));
      else onAnswer?.(answer);
    });
}
