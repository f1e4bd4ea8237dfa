/**
 * What a house holds on an ordinary bad day, so that the fuzzer and the examples have something to ask for: a flood,
 * units on duty, messages that nobody understands.
 */
import mqtt from 'mqtt';
import { eventually } from './eventually.ts';
import type { RunningSiaga } from './start-siaga.ts';

const CITY = 'siaga/semarang';

export async function fillHouse(server: RunningSiaga): Promise<void> {
  const { devices } = await server.get<{ devices: { id: string; kind: string }[] }>('/v1/devices?limit=1000');
  const of = (kind: string) => devices.filter((each) => each.kind === kind).map(({ id }) => id);
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${server.mqttPort}`, { clientId: 'fill-house' });
  const publish = (topic: string, payload: object | string) =>
    client.publishAsync(`${CITY}/${topic}`, typeof payload === 'string' ? payload : JSON.stringify(payload), {
      qos: 1,
    });
  const nowMs = Date.now();
  for (const id of of('river-gauge').slice(0, 2)) {
    for (const [index, levelM] of [1, 1.4, 3.2, 3.4, 3.5].entries()) {
      const measuredAt = new Date(nowMs - (5 - index) * 60_000).toISOString();
      await publish(`river-gauge/${id}/telemetry`, { levelM, measuredAt });
    }
    await publish(`river-gauge/${id}/telemetry`, '{"levelM":');
  }
  for (const [index, id] of of('ambulance').slice(0, 6).entries()) {
    const at = { lat: -6.98 - index / 200, lng: 110.41 + index / 200 };
    await publish(`ambulance/${id}/telemetry`, { ...at, speedMps: 0, batteryPct: 80, status: 'available' });
  }
  await client.endAsync();
  await sendAmbulance(server.httpUrl);
  // The alarms follow the journal.
  await eventually(async () => {
    const { alerts } = await server.get<{ alerts: unknown[] }>('/v1/alerts');
    if (alerts.length === 0) throw new Error('no alert yet');
  });
}

/** A call, and a unit under way for it. */
async function sendAmbulance(url: string): Promise<void> {
  const post = async (path: string, body: object) => {
    const headers = { 'content-type': 'application/json', 'idempotency-key': crypto.randomUUID() };
    const answer = await fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${path}: ${await answer.text()}`);
    return (await answer.json()) as { id: number };
  };
  const call = { classification: 'real', category: 'cardiac', priority: 1, lat: -6.985, lng: 110.415 };
  const { id } = await post('/v1/incidents', call);
  const { unit, unitVersion } = await eventually(async () => {
    const answer = await fetch(`${url}/v1/incidents/${id}/recommendation`);
    const { firstAid } = (await answer.json()) as {
      firstAid?: { candidates: { unit: string; unitVersion: number }[] };
    };
    const [first] = firstAid?.candidates ?? [];
    if (!first) throw new Error('nobody can be sent yet');
    return first;
  });
  await post(`/v1/incidents/${id}/assignments`, { unit, unitVersion, forceReason: 'for the tests' });
}
