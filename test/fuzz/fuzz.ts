/**
 * The fuzzer of the API: every call of the document, with sound and hostile requests, one after the other.
 *
 * It reads `/openapi.json` of a running server and nothing else of Siaga. A fault is an answer of 500 and more, an
 * answer that the document does not promise (status, type, shape), or none. Invariant: the same seed sends the same
 * requests as long as the server answers the same.
 */
import Ajv2020, { type ValidateFunction } from 'ajv/dist/2020.js';
import { type Document, type Operation, operationsOf } from '../support/document-rules.ts';
import { eventually } from '../support/eventually.ts';
import { createDice, type Dice, hostileText, hostileValue, soundValue } from './hostile.ts';
import { createMemory, learn, type Memory } from './memory.ts';
import { type Answer, type Request, sendRequest } from './send-request.ts';

export interface FuzzOptions {
  readonly url: string;
  readonly seed: number;
  /** With each request, such as a token. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Asked before each call: whether it goes on. */
  readonly goesOn: (calls: number) => boolean;
}

export interface FuzzReport {
  readonly calls: number;
  /** What was wrong, with the request that shows it; at most MAX_FAULTS. */
  readonly faults: readonly string[];
  /** By operationId and status. */
  readonly statuses: ReadonlyMap<string, ReadonlyMap<number, number>>;
}

/** After so many the rest says nothing new. */
const MAX_FAULTS = 20;
/** By these a request ends before its call is known, so that no call promises them. */
const BEFORE_THE_CALL = new Set([405, 408, 414, 431]);
/** Bounds that a fuzzer meets: the server says so, and when to come again. */
const MET_BOUNDS = new Set([
  'too-many-open-incidents',
  'too-many-streams',
  'too-many-backtests',
  // The public gives way on a busy machine.
  'overloaded',
]);

export async function fuzz({ url, seed, headers = {}, goesOn }: FuzzOptions): Promise<FuzzReport> {
  const document = await readDocument(url);
  const dice = createDice(seed);
  const judge = createJudge(document);
  const known = createMemory();
  const faults: string[] = [];
  const statuses = new Map<string, Map<number, number>>();
  const operations = operationsOf(document);
  let calls = 0;
  while (goesOn(calls) && faults.length < MAX_FAULTS) {
    const [place, operation] = operations[calls % operations.length] as [string, Operation];
    const made = makeRequest(document, place, operation, dice, known.of(place));
    const request = { ...made, headers: { ...headers, ...made.headers } };
    const answer = await sendRequest(url, request);
    calls++;
    const fault = judge(operation, request, answer);
    if (fault) faults.push(`seed ${seed}, call ${calls}: ${describe(request)}: ${fault}`);
    const { operationId = '' } = operation;
    const counts = statuses.get(operationId) ?? new Map<number, number>();
    statuses.set(operationId, counts.set(answer.status, (counts.get(answer.status) ?? 0) + 1));
    learn(answer.body, known.of(place), dice);
  }
  return { calls, faults, statuses };
}

/** A server that has just started on a busy machine tells the public to come again. */
function readDocument(url: string): Promise<Document> {
  return eventually(async () => {
    const answer = await fetch(new URL('/openapi.json', url));
    if (!answer.ok) throw new Error(`no document: ${answer.status}`);
    return (await answer.json()) as Document;
  }, 60_000);
}

function makeRequest(
  document: Document,
  place: string,
  { parameters = [], requestBody }: Operation,
  dice: Dice,
  known: Memory,
): Request {
  const [method = 'get', template = '/'] = place.split(' ');
  // Sound as a whole, wrong in some places, or hostile.
  const wrongShare = dice.pick([0, 0, 0.2, 0.2, 0.9]);
  const value = (schema: { [key: string]: unknown }, example: unknown) => {
    if (dice.chance(wrongShare)) return hostileText(dice);
    const isExample = example !== undefined && dice.chance(0.3);
    return String(isExample ? example : soundValue(document, schema, dice, known));
  };
  let path = template;
  const query: string[] = [];
  const headers: Record<string, string> = {};
  for (const { name, in: where, schema, required, example } of parameters) {
    if (!required && dice.chance(0.6)) continue;
    const text = encode(value(schema, example), dice);
    if (where === 'path') path = path.replace(`{${name}}`, text || '%20');
    else if (where === 'query') query.push(`${name}=${text}`);
    else headers[name] = text;
  }
  if (dice.chance(wrongShare / 4)) query.push(`${encode(hostileText(dice), dice)}=1`);
  const request = {
    method: method.toUpperCase(),
    path: query.length > 0 ? `${path}?${query.join('&')}` : path,
    headers,
  };
  if (!requestBody) return request;
  return { ...request, ...makeBody(document, requestBody, { dice, known, wrongShare }) };
}

interface Making {
  readonly dice: Dice;
  readonly known: Memory;
  readonly wrongShare: number;
}

function makeBody(
  document: Document,
  { content }: NonNullable<Operation['requestBody']>,
  { dice, known, wrongShare }: Making,
): Pick<Request, 'body' | 'contentType'> {
  const [contentType = '', { schema } = { schema: {} }] = Object.entries(content)[0] ?? [];
  if (contentType !== 'application/json') return { contentType, body: Buffer.from(spoiledJson(dice)) };
  if (dice.chance(wrongShare / 4)) return { contentType: 'text/xml', body: Buffer.from('<a/>') };
  if (dice.chance(wrongShare / 4)) return { contentType, body: Buffer.from(spoiledJson(dice)) };
  const sound = soundValue(document, schema, dice, known);
  const value =
    typeof sound === 'object' && sound !== null ? spoil(sound as object, dice, wrongShare) : sound;
  return { contentType, body: Buffer.from(JSON.stringify(value) ?? '') };
}

/** Some of its members become something else, and some are new. */
function spoil(value: object, dice: Dice, share: number): unknown {
  if (dice.chance(share / 5)) return hostileValue(dice);
  const entries = Object.entries(value).map(([key, member]) => [
    key,
    dice.chance(share) ? hostileValue(dice) : member,
  ]);
  if (dice.chance(share / 3)) entries.push([hostileText(dice), hostileValue(dice)]);
  return Object.fromEntries(entries);
}

/** Bodies that are no JSON, or JSON as no serializer writes it. */
function spoiledJson(dice: Dice): Buffer | string {
  return dice.pick<() => Buffer | string>([
    () => '',
    () => '{"a":',
    () => '{"__proto__":{"admin":true}}',
    () => '{"constructor":{"prototype":{"admin":true}}}',
    () => '{"note":"\\ud800"}',
    () => '{"note":"\\u0000"}',
    () => Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]),
    () => '['.repeat(20_000),
    () => `{"text":"${'x'.repeat(300_000)}"}`,
    () => `{"text":${'9'.repeat(10_000)}}`,
    () => '{"levelM":1.2}',
    () => '{"text":"a","text":"b"}',
    () => `\ufeff{"text":"a"}`,
    () => JSON.stringify(hostileValue(dice)) ?? 'undefined',
  ])();
}

/** As a browser would, or as nobody should. Half a pair has no encoding: its bytes are written as they would be. */
function encode(text: string, dice: Dice): string {
  if (dice.chance(0.02)) return dice.pick(['%', '%E0%A4%A', '%ED%A0%80', '%00', '%2F..%2F']);
  return encodeURIComponent(text.toWellFormed());
}

/** Whether an answer is one that the document promises: a sentence where it is not. */
function createJudge(document: Document) {
  const ajv = new Ajv2020.default({ strict: false, validateFormats: false, allErrors: false });
  ajv.addSchema({ ...document, $id: 'https://siaga/document' } as object);
  const compiled = new Map<object, ValidateFunction>();
  const fits = (schema: { [key: string]: unknown }, value: unknown): string | undefined => {
    const check = compiled.get(schema) ?? ajv.compile(pointInto(schema));
    compiled.set(schema, check);
    return check(value) ? undefined : ajv.errorsText(check.errors);
  };
  return (operation: Operation, _request: Request, answer: Answer): string | undefined => {
    const { status, contentType, body } = answer;
    if (answer.failure) return answer.failure;
    const slug = /"urn:siaga:problem:([a-z-]+)"/.exec(body)?.[1] ?? '';
    if (status >= 500 && !MET_BOUNDS.has(slug)) return `${status} ${body.slice(0, 300)}`;
    const promised = operation.responses[String(status)];
    if (!promised && !BEFORE_THE_CALL.has(status)) return `${status} is not promised: ${body.slice(0, 200)}`;
    const content =
      resolveAnswer(document, promised ?? (operation.responses['default'] as object)).content ?? {};
    if (Object.keys(content).length === 0) return body === '' ? undefined : `${status} has a body`;
    const media = contentType.split(';')[0] as string;
    const schema = content[media]?.schema;
    if (!schema) return `${status} is ${media}, promised: ${Object.keys(content).join(', ')}`;
    if (!media.endsWith('json')) return undefined;
    const wrong = fits(schema, JSON.parse(body));
    return wrong && `${status} does not fit: ${wrong}: ${body.slice(0, 300)}`;
  };
}

function resolveAnswer(document: Document, answer: { $ref?: string; content?: object }) {
  const name = answer.$ref?.split('/').at(-1);
  const found = name === undefined ? answer : document.components.responses?.[name];
  return found as { content?: Record<string, { schema: { [key: string]: unknown } }> };
}

/** References lead into the document. */
function pointInto(schema: object): object {
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"https://siaga/document#/')) as object;
}

function describe({ method, path, body }: Request): string {
  return `${method} ${path.slice(0, 200)} ${body ? body.toString('utf8').slice(0, 300) : ''}`;
}
