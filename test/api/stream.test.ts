import type { LightMyRequestResponse } from 'fastify';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openTestApi, type TestApi } from '../support/api.ts';

const GAUGE = 'siaga/semarang/river-gauge/bendung/telemetry';
const UNIT = 'siaga/semarang/ambulance/motor-1/telemetry';

let api: TestApi;
beforeEach(async () => {
  api = await openTestApi();
});
afterEach(async () => {
  await api[Symbol.asyncDispose]();
});

interface Opened {
  readonly answer: LightMyRequestResponse;
  /** Reads on until the text so far holds `wanted`; resolves with that text. */
  until(wanted: string): Promise<string>;
  /** Reads to the end. */
  end(): Promise<string>;
}

async function open(
  query = '',
  headers: Record<string, string> = {},
  remoteAddress = '127.0.0.1',
): Promise<Opened> {
  const url = `/v1/stream${query}`;
  const answer = await api.app.inject({ url, headers, remoteAddress, payloadAsStream: true });
  const chunks = answer.stream()[Symbol.asyncIterator]();
  let text = '';
  const read = async (enough: () => boolean) => {
    while (!enough()) {
      const { value, done } = await chunks.next();
      if (done) break;
      text += String(value);
    }
    return text;
  };
  return { answer, until: (wanted) => read(() => text.includes(wanted)), end: () => read(() => false) };
}
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

describe('GET /v1/stream', () => {
  test('sends a reading as it happens, in the words of the field', async () => {
    const stream = await open();
    expect(stream.answer.statusCode).toBe(200);
    expect(stream.answer.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    });
    await api.publish(GAUGE, { levelM: 1.42 });
    const text = await stream.until('event: reading');
    const body = JSON.parse(/event: reading\ndata: (.+)\n/.exec(text)?.[1] as string);
    expect(body).toMatchObject({ device: 'bendung', present: true, values: { levelM: 1.42 } });
    expect(body.measuredAt).toBe('2026-01-15T02:30:00.000Z');
  });

  test('resumes by Last-Event-ID', async () => {
    for (const levelM of [1, 2, 3]) {
      await api.publish(GAUGE, { levelM });
      api.clock.ms += 1000;
    }
    const stream = await open('', { 'last-event-id': 'run-1-1' });
    const text = await stream.until('id: run-1-3\nevent: reading');
    expect(text).toContain('"levelM":2');
    expect(text).not.toContain('"levelM":1');
  });

  test('shows the public no ambulance, and staff all', async () => {
    const everybody = await open();
    const staff = await open('', bearer(await api.tokenFor('dispatcher')));
    await api.publish(UNIT, { lat: -6.99, lng: 110.42 });
    await api.publish(GAUGE, { levelM: 1.42 });
    expect(await staff.until('bendung')).toContain('motor-1');
    expect(await everybody.until('bendung')).not.toContain('motor-1');
  });

  test('events about incidents need a token of staff', async () => {
    const refused = await open('?types=incident');
    expect(refused.answer.statusCode).toBe(401);
    expect((await open('?types=incident', bearer(await api.tokenFor('public')))).answer.statusCode).toBe(403);
    expect((await open('?types=alert,reading')).answer.statusCode).toBe(200);
    const unknown = await open('?types=weather');
    expect(unknown.answer.statusCode).toBe(400);
    expect(await unknown.end()).toContain('there are reading, presence');
  });

  test('one more of an address than the bound is 503 and counted, and a free place is taken again', async () => {
    const opened = [await open(), await open(), await open()];
    const refused = await open();
    expect(refused.answer.statusCode).toBe(503);
    expect(refused.answer.headers['retry-after']).toBe('10');
    const metrics = (await api.get('/metrics')).body;
    expect(metrics).toContain('siaga_stream_clients 3');
    expect(metrics).toContain('siaga_stream_refused_total{bound="address"} 1');
    opened[0]?.answer.raw.res.destroy();
    await expect
      .poll(async () => (await api.get('/metrics')).body, { timeout: 20_000 })
      .toContain('siaga_stream_clients 2');
    expect((await open()).answer.statusCode).toBe(200);
  });

  test('the public cannot take the places of staff, from however many addresses', async () => {
    const staff = bearer(await api.tokenFor('dispatcher'));
    for (let host = 1; host <= 4; host++) {
      expect((await open('', {}, `10.0.0.${host}`)).answer.statusCode).toBe(200);
    }
    const beyond = await open('', {}, '10.0.0.5');
    expect(beyond.answer.statusCode).toBe(503);
    expect(await beyond.end()).toContain("the public's share of STREAM_MAX_CLIENTS");
    expect((await open('', bearer(await api.tokenFor('public')))).answer.statusCode).toBe(503);
    expect((await open('', staff)).answer.statusCode).toBe(200);
    expect((await open('', staff)).answer.statusCode).toBe(503);
    const metrics = (await api.get('/metrics')).body;
    expect(metrics).toContain('siaga_stream_refused_total{bound="public"} 2');
    expect(metrics).toContain('siaga_stream_refused_total{bound="all"} 1');
  });

  test('staff and partners with a token are not counted for their address', async () => {
    for (let stream = 1; stream <= 3; stream++) await open();
    const partner = bearer(await api.tokenFor('public'));
    expect((await open('', partner)).answer.statusCode).toBe(200);
  });

  test('ends when its token is revoked', async () => {
    const stream = await open('', bearer(await api.tokenFor('desk')));
    await api.call('DELETE', '/v1/tokens/2', api.adminToken);
    await stream.end();
    expect((await api.get('/metrics')).body).toContain('siaga_stream_ended_total{why="revoked"} 1');
  });

  test('ends when the API closes, and does not hold it up', async () => {
    const stream = await open();
    await api.app.close();
    expect(await stream.end()).toMatch(/^retry: /);
  });
});
