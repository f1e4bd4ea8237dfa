/**
 * The body of an answer, as text and no more of it than an InfluxDB has to say.
 *
 * What stands at INFLUX_URL may be anything: a page, a device that talks for ever. Invariant: nobody's answer fills
 * the memory of Siaga; one that is larger is a failure with a sentence.
 */

/** Refusals of 5,000 lines by 3 Core are 2 MiB; a night's comparison asks for less. */
export const MAX_ANSWER_BYTES = 32 * 1024 * 1024;

export class AnswerTooLargeError extends Error {
  constructor() {
    super(`its answer is larger than ${MAX_ANSWER_BYTES / 1024 ** 2} MiB: is that an InfluxDB?`);
  }
}

/** Throws AnswerTooLargeError. */
export async function readBounded(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES) throw new AnswerTooLargeError();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
