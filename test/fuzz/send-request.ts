/** One request as it is written, by no client that would mend its path; a stream is left after its first words. */
import { Agent, request as send } from 'node:http';

export interface Request {
  readonly method: string;
  /** With its query, encoded. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly contentType?: string;
  readonly body?: Buffer;
}

export interface Answer {
  /** 0 where there was none. */
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
  /** Why there was no answer. */
  readonly failure?: string;
}

/** A connection for each call: one that was refused would rest. */
const agent = new Agent({ keepAlive: false, maxSockets: 4 });
/** Longer than the server gives itself. */
const PATIENCE_MS = 60_000;
/** A larger body is refused while it is written, and the connection may be gone before its answer is read. */
const LARGEST_BODY_BYTES = 256 * 1024;

export function sendRequest(
  url: string,
  { method, path, headers, contentType, body }: Request,
): Promise<Answer> {
  const { promise, resolve } = Promise.withResolvers<Answer>();
  const { hostname, port } = new URL(url);
  const sent = send(
    {
      hostname,
      port,
      method,
      path,
      agent,
      headers: {
        ...headers,
        ...(body ? { 'content-type': contentType ?? 'application/json', 'content-length': body.length } : {}),
      },
    },
    (answer) => {
      const type = answer.headers['content-type'] ?? '';
      const chunks: Buffer[] = [];
      const done = () =>
        resolve({
          status: answer.statusCode ?? 0,
          contentType: type,
          body: Buffer.concat(chunks).toString(),
        });
      answer.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        if (!type.startsWith('text/event-stream')) return;
        done();
        sent.destroy();
      });
      answer.on('end', done);
      answer.on('error', done);
    },
  );
  sent.setTimeout(PATIENCE_MS, () => sent.destroy(new Error(`no answer within ${PATIENCE_MS} ms`)));
  sent.on('error', (error) => {
    const isTooLarge = (body?.length ?? 0) > LARGEST_BODY_BYTES;
    const refused = { status: 413, contentType: 'application/problem+json', body: '{}' };
    const none = { status: 0, contentType: '', body: '', failure: `no answer: ${error.message}` };
    resolve(isTooLarge ? { ...refused, failure: '' } : none);
  });
  sent.end(body);
  return promise;
}
