/**
 * 200 concurrent assignment calls for 20 units over HTTP, undisturbed and with a kill -9 in the middle: every
 * unit is assigned exactly once, every loser is told why, and nothing that was answered is lost.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, test } from 'vitest';

const UNITS = 20;
const CALLS = 200;
const INCIDENTS = 10;

interface Answer {
  readonly call: number;
  readonly status: number;
  readonly body: { id?: number; unit?: string; incident?: number; type?: string; assignment?: number };
}

let folder: string;
const children: ChildProcess[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'siaga-race-'));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

async function startServer(): Promise<{ url: string; child: ChildProcess }> {
  const program = `${import.meta.dirname}/../support/dispatch-server.child.ts`;
  const child = spawn(process.execPath, [program, `${folder}/state.db`, String(UNITS)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  if (!child.stdout) throw new Error('no output');
  for await (const line of createInterface({ input: child.stdout })) {
    return { ...(JSON.parse(line) as { url: string }), child };
  }
  throw new Error('the server did not start');
}

async function post(
  url: string,
  body: object,
  key: string,
): Promise<{ status: number; body: Answer['body'] }> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': key },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Answer['body'] };
}

/** Call n asks for unit n mod 20, for one of ten incidents: ten callers a unit. */
async function assign(url: string, call: number): Promise<Answer> {
  const incident = 1 + (Math.floor(call / UNITS) % INCIDENTS);
  const answer = await post(
    `${url}/v1/incidents/${incident}/assignments`,
    { unit: `u${1 + (call % UNITS)}`, unitVersion: 0 },
    `race-call-${call}`,
  );
  return { call, ...answer };
}

async function reportIncidents(url: string): Promise<void> {
  for (let number = 0; number < INCIDENTS; number++) {
    const call = { classification: 'real', lat: -7, lng: 110.41 };
    expect((await post(`${url}/v1/incidents`, call, `incident-${number}`)).status).toBe(201);
  }
}

/** Every open assignment as the API shows it. */
async function openAssignments(url: string): Promise<{ id: number; unit: string; incident: number }[]> {
  const all: { id: number; unit: string; incident: number; timeline: { endedAt: string | null } }[] = [];
  for (let incident = 1; incident <= INCIDENTS; incident++) {
    const response = await fetch(`${url}/v1/incidents/${incident}`);
    all.push(...((await response.json()) as { assignments: typeof all }).assignments);
  }
  return all.filter(({ timeline }) => timeline.endedAt === null);
}

async function expectOneEach(url: string, answers: readonly Answer[]): Promise<void> {
  const open = await openAssignments(url);
  expect(open.map(({ unit }) => unit).sort()).toEqual(
    Array.from({ length: UNITS }, (_, index) => `u${index + 1}`).sort(),
  );
  for (const { status, body } of answers) {
    if (status < 300) {
      expect(open).toContainEqual(
        expect.objectContaining({ id: body.id, unit: body.unit, incident: body.incident }),
      );
    } else {
      expect(status).toBe(409);
      expect(body.type).toBe('urn:siaga:problem:unit-taken');
      expect(open.map(({ id }) => id)).toContain(body.assignment);
    }
  }
}

test('200 calls for 20 units: each unit goes once, each loser is told who has it', async () => {
  const { url } = await startServer();
  await reportIncidents(url);
  const answers = await Promise.all(Array.from({ length: CALLS }, (_, call) => assign(url, call)));
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(UNITS);
  await expectOneEach(url, answers);
  // All of them again with the same keys: the winners get what they have, nobody gets more.
  const again = await Promise.all(Array.from({ length: CALLS }, (_, call) => assign(url, call)));
  expect(
    again
      .filter(({ status }) => status === 200)
      .map(({ body }) => body.id)
      .sort(),
  ).toEqual(
    answers
      .filter(({ status }) => status === 201)
      .map(({ body }) => body.id)
      .sort(),
  );
  await expectOneEach(url, again);
});

test.each([3, 12, 60, 130])(
  'killed after %i answers and started again, what was answered stands and the rest is decided once',
  async (killAfter) => {
    const first = await startServer();
    await reportIncidents(first.url);
    const answered: Answer[] = [];
    const exit = once(first.child, 'exit');
    await Promise.allSettled(
      Array.from({ length: CALLS }, async (_, call) => {
        const answer = await assign(first.url, call);
        answered.push(answer);
        if (answered.length === killAfter) first.child.kill('SIGKILL');
      }),
    );
    await exit;
    expect(answered.length).toBeLessThan(CALLS);

    const second = await startServer();
    const before = await openAssignments(second.url);
    for (const { body } of answered.filter(({ status }) => status === 201)) {
      expect(before).toContainEqual(
        expect.objectContaining({ id: body.id, unit: body.unit, incident: body.incident }),
      );
    }
    expect(new Set(before.map(({ unit }) => unit)).size).toBe(before.length);
    // The callers try again with their keys, those who were answered too.
    const retried = await Promise.all(Array.from({ length: CALLS }, (_, call) => assign(second.url, call)));
    expect(retried.filter(({ status }) => status < 300)).toHaveLength(UNITS);
    await expectOneEach(second.url, retried);
    for (const { call, body, status } of answered.filter((each) => each.status === 201)) {
      expect(retried[call]).toMatchObject({ status: 200, body: { id: body.id } });
      expect(status).toBe(201);
    }
  },
);
