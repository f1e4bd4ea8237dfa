/**
 * A program that builds on Siaga: what stands high, a day of a gauge, who would be there first, an incident to its end.
 *
 *   node docs/examples/city.ts rivers
 *   node docs/examples/city.ts day kreo-cepoko
 *   node docs/examples/city.ts nearest -6.9932 110.4203
 *   node docs/examples/city.ts incident -6.9932 110.4203
 *
 * SIAGA_URL says where Siaga is (http://127.0.0.1:3000 where absent), SIAGA_TOKEN who you are; the first two need none.
 */
import { answerOf, createSiagaClient, type Schemas, SiagaProblem } from '../../clients/typescript/client.ts';

const api = createSiagaClient({
  url: process.env['SIAGA_URL'] ?? 'http://127.0.0.1:3000',
  token: process.env['SIAGA_TOKEN'],
});

/** Every open alert of a river, page by page. */
async function showRivers(): Promise<void> {
  let cursor: string | undefined;
  do {
    const query = cursor === undefined ? { state: 'open', limit: 50 } : { cursor };
    const page = await answerOf(api.GET('/v1/alerts', { params: { query } }));
    for (const { rule, subjectName, severity, value, unit, label } of page.alerts) {
      if (rule === 'river-level') console.log(`${subjectName}: ${severity}, ${label.id}, ${value} ${unit}`);
    }
    cursor = page.next;
  } while (cursor !== undefined);
}

/** The highest level of each hour of the last day. */
async function showDay(id: string): Promise<void> {
  const query = { every: '1h', fn: 'max' as const, quantities: 'levelM' };
  const { points, units } = await answerOf(
    api.GET('/v1/devices/{id}/readings', { params: { path: { id }, query } }),
  );
  for (const { at, values } of points) console.log(`${at} ${values['levelM']} ${units['levelM']}`);
}

async function showNearest(lat: number, lng: number): Promise<void> {
  const query = { lat, lng, limit: 3 };
  const { candidates, shortfall } = await answerOf(api.GET('/v1/ambulances/nearest', { params: { query } }));
  for (const { unit, etaS, reason } of candidates) console.log(`${unit} in ${Math.round(etaS)} s: ${reason}`);
  if (shortfall !== undefined) console.log(shortfall);
}

/** From the call to the close. A new key for each deed: sent again after a break, it does the same once. */
async function runIncident(lat: number, lng: number): Promise<void> {
  const body = { classification: 'real', category: 'fall', priority: 2, lat, lng, simulated: true } as const;
  const key = { header: { 'idempotency-key': crypto.randomUUID() } };
  const { id } = await answerOf(api.POST('/v1/incidents', { params: key, body }));
  console.log(`incident ${id} is open`);
  const { firstAid } = await answerOf(
    api.GET('/v1/incidents/{id}/recommendation', { params: { path: { id }, query: { role: 'first-aid' } } }),
  );
  const [best] = firstAid?.candidates ?? [];
  if (!best) throw new Error(firstAid?.shortfall ?? 'nobody can be sent');
  const assignment = await assign(id, best);
  console.log(`${assignment.unit} is sent`);
  for (const status of ['en-route', 'on-scene', 'completed'] as const) {
    const path = { id, assignment: assignment.id };
    const { step } = await answerOf(
      api.POST('/v1/incidents/{id}/assignments/{assignment}/status', { params: { path }, body: { status } }),
    );
    console.log(`${assignment.unit} is ${step}`);
  }
  const closed = await answerOf(
    api.POST('/v1/incidents/{id}/close', { params: { path: { id } }, body: { outcome: 'treated' } }),
  );
  console.log(`incident ${id} is ${closed.state}: ${closed.outcome}`);
}

/** A warning, such as a crew whose connection is not open, asks for a reason: here a person would decide. */
async function assign(
  id: number,
  { unit, unitVersion }: Schemas['Candidate'],
): Promise<Schemas['Assignment']> {
  const send = (more: { forceReason?: string }) =>
    answerOf(
      api.POST('/v1/incidents/{id}/assignments', {
        params: { path: { id }, header: { 'idempotency-key': crypto.randomUUID() } },
        body: { unit, unitVersion, ...more },
      }),
    );
  try {
    return await send({});
  } catch (error) {
    if (!(error instanceof SiagaProblem) || error.slug !== 'needs-reason') throw error;
    console.log(`a reason is needed: ${error.message}`);
    return send({ forceReason: 'the crew was told by radio' });
  }
}

const [command, ...words] = process.argv.slice(2);
const [lat = 0, lng = 0] = words.map(Number);
if (command === 'rivers') await showRivers();
else if (command === 'day') await showDay(words[0] ?? 'kreo-cepoko');
else if (command === 'nearest') await showNearest(lat, lng);
else if (command === 'incident') await runIncident(lat, lng);
else console.log('rivers | day DEVICE | nearest LAT LNG | incident LAT LNG');
