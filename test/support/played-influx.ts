/**
 * InfluxDB 2.9.1 and 3 Core (3.7) as they answered where they ran, word for word, over a store in memory: for what
 * cannot run here.
 *
 * It keeps points, the type of each field (2: a shard, so that removing its points frees it; 3: for ever), buckets, and
 * the tokens that may use it. It answers the questions that Siaga asks in InfluxQL: the last mark, the first point,
 * counts by day and hour, and what becomes of an hour. Invariant: what it refuses it refuses as the real one does: 2
 * stores the good lines of a 422 and nothing of a 400, 3 stores the good ones and names the others.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { gunzipSync } from 'node:zlib';

export interface PlayedAnswer {
  readonly status: number;
  readonly json?: unknown;
  readonly text?: string;
}

export interface PlayedInflux extends AsyncDisposable {
  readonly url: string;
  /** Request lines, in order. */
  readonly seen: readonly string[];
  /** Numbers of points by measurement. */
  count(measurement: string): number;
  /** Values of a field, in order of time. */
  values(measurement: string, field: string): readonly unknown[];
  /** As somebody else would write. */
  write(lines: string): void;
  /** Removes a measurement, with the types of its fields in 2. */
  drop(measurement: string): void;
  /** Removes the bucket and all that is in it. */
  wipe(): void;
  /** Which one is accepted; any where there is none. */
  token: string | undefined;
  /** Answers in place of the server while it is set. */
  fault: ((line: string, body: string) => PlayedAnswer | undefined) | undefined;
}

interface Point {
  readonly measurement: string;
  readonly series: string;
  readonly city: string | undefined;
  readonly atMs: number;
  readonly fields: Record<string, unknown>;
}

export interface PlayedOptions {
  readonly generation: 2 | 3;
  readonly token?: string;
  /** Whether the bucket is there from the beginning. */
  readonly bucket?: string;
  /** Of 2.x: the mapping of InfluxQL leads to this bucket. */
  readonly mappedTo?: string;
}

export async function playInflux(options: PlayedOptions): Promise<PlayedInflux> {
  const { generation } = options;
  let { token } = options;
  const buckets = new Map<string, Map<string, Point>>();
  if (options.bucket) buckets.set(options.bucket, new Map());
  const types = new Map<string, string>();
  const seen: string[] = [];

  const store = (bucket: Map<string, Point>, point: Point) => {
    const key = `${point.series} ${point.atMs}`;
    const there = bucket.get(key);
    if (there) Object.assign(there.fields, point.fields);
    else bucket.set(key, point);
    for (const [name, value] of Object.entries(point.fields)) {
      types.set(`${point.measurement}.${name}`, typeName(value));
    }
  };
  const conflictOf = ({ measurement, fields }: Point) =>
    Object.entries(fields).find(
      ([name, value]) => (types.get(`${measurement}.${name}`) ?? typeName(value)) !== typeName(value),
    );

  const writeTo2 = (bucket: Map<string, Point>, lines: readonly string[]): PlayedAnswer => {
    const bad = lines.find((line) => !parsePoint(line));
    if (bad) {
      return { status: 400, json: { code: 'invalid', message: `unable to parse '${bad}': missing fields` } };
    }
    let dropped = 0;
    let words = '';
    for (const line of lines) {
      const point = parsePoint(line) as Point;
      const [name, value] = conflictOf(point) ?? [];
      if (name === undefined) {
        store(bucket, point);
        continue;
      }
      dropped++;
      const there = types.get(`${point.measurement}.${name}`);
      words ||= `field type conflict: input field "${name}" on measurement "${point.measurement}" is type ${typeName(value)}, already exists as type ${there}`;
    }
    if (dropped === 0) return { status: 204 };
    const message = `failure writing points to database: partial write: ${words} dropped=${dropped}`;
    return { status: 422, json: { code: 'unprocessable entity', message } };
  };
  const writeTo3 = (bucket: Map<string, Point>, lines: readonly string[]): PlayedAnswer => {
    const data: object[] = [];
    for (const [index, line] of lines.entries()) {
      const point = parsePoint(line);
      const [name, value] = (point && conflictOf(point)) ?? [];
      if (point && name === undefined) store(bucket, point);
      else {
        const expected = `${point?.series}.${name}`;
        data.push({
          original_line: line,
          line_number: index + 1,
          error_message: point
            ? `invalid column type for column '${name}', expected iox::column_type::field::${types.get(expected) ?? 'float'}, got iox::column_type::field::${typeName(value)}`
            : 'No fields were provided',
        });
      }
    }
    if (data.length === 0) return { status: 204 };
    return { status: 400, json: { error: 'partial write of line protocol occurred', data } };
  };

  const answer = (line: string, body: string, authorization: string | undefined): PlayedAnswer => {
    const url = new URL(line.split(' ')[1] as string, 'http://here');
    const isPing = url.pathname === '/ping' || url.pathname === '/health';
    if (token !== undefined && authorization !== `Token ${token}` && !(isPing && generation === 2)) {
      return generation === 3
        ? { status: 401, text: '' }
        : { status: 401, json: { code: 'unauthorized', message: 'unauthorized access' } };
    }
    if (isPing) return { status: generation === 2 ? 204 : 200, json: { version: '3.7.0', process_id: 'x' } };
    const named = url.searchParams.get('bucket') ?? url.searchParams.get('db') ?? '';
    const lines = body.trimEnd().split('\n');
    switch (`${line.split(' ')[0]} ${url.pathname}`) {
      case 'GET /api/v2/buckets': {
        const name = url.searchParams.get('name') as string;
        const found = { id: 'b000000000000001', orgID: 'o000000000000001', name, retentionRules: [] };
        return { status: 200, json: { buckets: buckets.has(name) ? [found] : [] } };
      }
      case 'GET /api/v2/orgs':
        return { status: 200, json: { orgs: [{ id: 'o000000000000001', name: 'siaga' }] } };
      case 'GET /api/v2/dbrps': {
        const mapping = { id: 'm1', bucketID: 'b000000000000002', database: named };
        return { status: 200, json: { content: options.mappedTo ? [mapping] : [] } };
      }
      case 'POST /api/v2/buckets':
        buckets.set((JSON.parse(body) as { name: string }).name, new Map());
        return { status: 201, json: {} };
      case 'POST /api/v3/configure/database': {
        const { db } = JSON.parse(body) as { db: string };
        if (buckets.has(db))
          return { status: 409, text: 'attempted to create a resource that already exists' };
        buckets.set(db, new Map());
        return { status: 200, text: '' };
      }
      case 'POST /api/v2/write': {
        const bucket = buckets.get(named);
        if (!bucket) {
          return { status: 404, json: { code: 'not found', message: `bucket "${named}" not found` } };
        }
        return writeTo2(bucket, lines);
      }
      case 'POST /api/v3/write_lp':
        if (!buckets.has(named)) buckets.set(named, new Map());
        return writeTo3(buckets.get(named) as Map<string, Point>, lines);
      case 'POST /query': {
        const form = new URLSearchParams(body);
        return query(buckets.get(options.mappedTo ?? (form.get('db') as string)), form.get('q') as string);
      }
      default:
        return { status: 404, json: { code: 'not found', message: 'path not found' } };
    }
  };

  const query = (bucket: Map<string, Point> | undefined, statement: string): PlayedAnswer => {
    const measurement = /FROM "([^"]+)"/.exec(statement)?.[1];
    const field = /\("([^"]+)"\)/.exec(statement)?.[1] as string;
    const city = /"city" = '([^']*)'/.exec(statement)?.[1];
    const { fromMs, toMs } = rangeOf(statement);
    if (generation === 3 && toMs - fromMs > 3 * 86_400_000) {
      const text =
        'Query would exceed file limit of 432 parquet files. Please specify a smaller time range for your query.';
      return { status: 500, text };
    }
    const inRange = [...(bucket?.values() ?? [])]
      .filter((each) => each.measurement === measurement && each.city === city)
      .filter(({ atMs }) => atMs >= fromMs && atMs < toMs)
      .filter(({ fields }) => !statement.includes('"sound" = 1') || fields['sound'] === 1)
      .sort((a, b) => a.atMs - b.atMs);
    if (statement.includes('GROUP BY time(1h), *')) {
      return { status: 200, json: { results: [{ statement_id: 0, series: hoursOf(inRange, statement) }] } };
    }
    const points = inRange.filter(({ fields }) => field in fields);
    const stepMs = statement.includes('time(1h)') ? 3_600_000 : 86_400_000;
    const edge = statement.includes('last(') ? points.slice(-1) : points.slice(0, 1);
    const values = /(last|first)\(/.test(statement)
      ? edge.map(({ atMs, fields }) => [atMs, fields[field]])
      : [...Map.groupBy(points, ({ atMs }) => atMs - (atMs % stepMs))].map(([startMs, all]) => [
          startMs,
          statement.includes('sum(') ? reduce('sum', valuesIn(all, field)) : all.length,
        ]);
    const series = [{ name: measurement, columns: ['time', 'value'], values }];
    return {
      status: 200,
      json: { results: [{ statement_id: 0, ...(values.length > 0 ? { series } : {}) }] },
    };
  };

  let fault: PlayedInflux['fault'];
  const server = createServer(async (request, response) => {
    const body = await readBody(request);
    const line = `${request.method} ${request.url}`;
    seen.push(line);
    const given = fault?.(line, body) ?? answer(line, body, request.headers.authorization);
    const type = given.json === undefined ? 'text/plain' : 'application/json; charset=utf-8';
    const version: Record<string, string> = generation === 2 ? { 'x-influxdb-version': 'v2.9.1' } : {};
    response.writeHead(given.status, { 'content-type': type, ...version });
    response.end(given.json === undefined ? (given.text ?? '') : JSON.stringify(given.json));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const all = () => [...buckets.values()].flatMap((bucket) => [...bucket.values()]);
  return {
    url: `http://127.0.0.1:${address.port}`,
    seen,
    count: (measurement) => all().filter((each) => each.measurement === measurement).length,
    values: (measurement, field) =>
      all()
        .filter((each) => each.measurement === measurement)
        .sort((a, b) => a.atMs - b.atMs)
        .map(({ fields }) => fields[field]),
    write(lines) {
      for (const line of lines.split('\n')) {
        store(buckets.get(options.bucket ?? 'siaga') as Map<string, Point>, parsePoint(line) as Point);
      }
    },
    drop(measurement) {
      for (const bucket of buckets.values()) {
        for (const [key, point] of bucket) if (point.measurement === measurement) bucket.delete(key);
      }
      if (generation === 3) return;
      for (const name of [...types.keys()]) if (name.startsWith(`${measurement}.`)) types.delete(name);
    },
    wipe() {
      buckets.clear();
      types.clear();
    },
    get fault() {
      return fault;
    },
    set fault(next) {
      fault = next;
    },
    get token() {
      return token;
    },
    set token(next) {
      token = next;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const raw = Buffer.concat(chunks);
  return (request.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw).toString();
}

/** Enough of line protocol for what Siaga writes; undefined where it has no fields. */
function parsePoint(line: string): Point | undefined {
  const [, series = '', fieldText = '', time = ''] = /^((?:\\.|[^ ])+) (.+) (-?\d+)$/.exec(line) ?? [];
  const fields: Record<string, unknown> = {};
  for (const [, name = '', value = ''] of fieldText.matchAll(/([^=,]+)=("(?:\\.|[^"])*"|[^,]+)/g)) {
    if (value.startsWith('"')) fields[name] = value.slice(1, -1);
    else if (value === 'true' || value === 'false') fields[name] = value === 'true';
    else fields[name] = value.endsWith('i') ? BigInt(value.slice(0, -1)) : Number(value);
  }
  if (Object.keys(fields).length === 0) return undefined;
  const measurement = series.split(',')[0] as string;
  return { measurement, series, city: /,city=([^,]+)/.exec(series)?.[1], atMs: Number(time), fields };
}

/** Each series by hour, of `SELECT max("x") AS "x", …`; of a query within a query nothing is played. */
function hoursOf(points: readonly Point[], statement: string) {
  if (statement.includes('FROM (')) return [];
  const columns = [...statement.matchAll(/(\w+)\("(\w+)"\) AS "(\w+)"/g)];
  return [...Map.groupBy(points, ({ series }) => series)].map(([series, ofSeries]) => ({
    name: series.split(',')[0],
    tags: Object.fromEntries(
      series
        .split(',')
        .slice(1)
        .map((tag) => tag.split('=')),
    ),
    columns: ['time', ...columns.map(([, , , name]) => name)],
    values: [...Map.groupBy(ofSeries, ({ atMs }) => atMs - (atMs % 3_600_000))].map(([hourMs, all]) => [
      hourMs,
      ...columns.map(([, how = '', field = '']) => reduce(how, valuesIn(all, field))),
    ]),
  }));
}

function valuesIn(points: readonly Point[], field: string): unknown[] {
  return points.map(({ fields }) => fields[field]).filter((value) => value !== undefined);
}

function reduce(how: string, values: readonly unknown[]): unknown {
  if (how === 'count') return values.length;
  if (values.length === 0) return null;
  if (how === 'last') return values.at(-1);
  const numbers = values.map(Number);
  if (how === 'sum') return numbers.reduce((sum, each) => sum + each, 0);
  return how === 'min' ? Math.min(...numbers) : Math.max(...numbers);
}

function typeName(value: unknown): string {
  if (typeof value === 'bigint') return 'integer';
  if (typeof value === 'number') return 'float';
  return typeof value === 'boolean' ? 'boolean' : 'string';
}

/** [from, to) of the conditions on time. */
function rangeOf(statement: string): { fromMs: number; toMs: number } {
  let fromMs = Number.NEGATIVE_INFINITY;
  let toMs = Number.POSITIVE_INFINITY;
  for (const [, sign, text] of statement.matchAll(/time (>=|>|<|=) (\d+)ms/g)) {
    const atMs = Number(text);
    if (sign === '=' || sign === '>=') fromMs = Math.max(fromMs, atMs);
    if (sign === '>') fromMs = Math.max(fromMs, atMs + 1);
    if (sign === '<') toMs = Math.min(toMs, atMs);
    if (sign === '=') toMs = Math.min(toMs, atMs + 1);
  }
  return { fromMs, toMs };
}
