/**
 * What generators of clients in Go, Java and Python need of an OpenAPI document, beyond that it is valid.
 *
 * Each rule is one that a generator broke on: oapi-codegen and openapi-python-client refuse tuples and unions of
 * scalars, openapi-generator makes int32 and float32 of numbers without a format and calls what has no name
 * `V1IncidentsIdGet200ResponseAssignmentsInner`. `findFaults` says each in a sentence with its place.
 */

type Json = { [key: string]: unknown };
export interface Document {
  openapi: string;
  info: Json;
  servers?: Json[];
  tags?: { name: string; description?: string }[];
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Json>; responses?: Record<string, Json>; securitySchemes?: Json };
}
export interface Operation {
  operationId?: string;
  summary?: string;
  tags?: string[];
  parameters?: {
    name: string;
    in: string;
    example?: unknown;
    examples?: object;
    description?: string;
    schema: Json;
    required?: boolean;
  }[];
  requestBody?: { content: Record<string, { schema: Json }> };
  responses: Record<
    string,
    { $ref?: string; description?: string; content?: Record<string, { schema: Json }> }
  >;
}

const SCHEMAS = '#/components/schemas/';
/** Refused before Siaga knows which call it is, or by every call alike. */
const EVERYWHERE = ['401', '429', '503', 'default'];

export function findFaults(document: Document): string[] {
  return [
    ...findFaultsOfDocument(document),
    ...operationsOf(document).flatMap(([place, operation]) => findFaultsOfCall(place, operation, document)),
    ...findFaultsOfNames(document),
    ...schemasOf(document).flatMap(([place, schema]) => findFaultsOfSchema(place, schema)),
    ...findFaultsOfOpenness(document),
  ];
}

export function operationsOf({ paths }: Document): [string, Operation][] {
  return Object.entries(paths).flatMap(([path, calls]) =>
    Object.entries(calls).map(([method, call]): [string, Operation] => [`${method} ${path}`, call]),
  );
}

function findFaultsOfDocument(document: Document): string[] {
  const { info, servers = [], tags = [] } = document;
  const used = new Set(operationsOf(document).flatMap(([, { tags: own = [] }]) => own));
  return [
    ...['license', 'contact', 'description'].filter((key) => !info[key]).map((key) => `info has no ${key}`),
    ...(servers.length === 0 ? ['there is no server'] : []),
    ...tags.filter(({ name }) => !used.has(name)).map(({ name }) => `no call has the tag ${name}`),
    ...[...used].filter((name) => !tags.some((each) => each.name === name)).map((name) => `no tag ${name}`),
  ];
}

function findFaultsOfCall(place: string, call: Operation, document: Document): string[] {
  const { operationId = '', summary, tags = [], parameters = [], responses } = call;
  const others = operationsOf(document).filter(
    ([, { operationId: other = '' }]) => other.toLowerCase() === operationId.toLowerCase(),
  );
  const good = Object.entries(responses).filter(([status]) => status.startsWith('2'));
  return [
    ...(/^[a-z]+(?:[A-Z][a-z]*)*$/.test(operationId) ? [] : [`${place}: operationId is no camelCase`]),
    ...(others.length > 1 ? [`${place}: operationId ${operationId} is there twice`] : []),
    ...(summary ? [] : [`${place}: no summary`]),
    ...(tags.length === 1 ? [] : [`${place}: not one tag`]),
    ...parameters.flatMap(({ name, description = '', example, examples }) => [
      ...(/^[A-Z`].*\.$/s.test(description) || /: \S+$/.test(description)
        ? []
        : [`${place} ${name}: no sentence`]),
      ...(example !== undefined || examples ? [] : [`${place} ${name}: no example`]),
    ]),
    ...(good.length === 0 ? [`${place}: no good answer`] : []),
    ...good
      .filter(([status, { content }]) => status !== '204' && !content)
      .map(([status]) => `${place} ${status}: nothing is promised`),
    ...EVERYWHERE.filter((status) => !responses[status]).map((status) => `${place}: no ${status}`),
    ...Object.entries(responses)
      .filter(([, { $ref, description }]) => !$ref && !description)
      .map(([status]) => `${place} ${status}: no description`),
  ];
}

function findFaultsOfNames(document: Document): string[] {
  const names = Object.keys(document.components.schemas);
  const text = JSON.stringify(document);
  const referred = new Set([...text.matchAll(/"#\/components\/schemas\/([^"]+)"/g)].map(([, name]) => name));
  return [
    ...names.filter((name) => !/^[A-Z][A-Za-z0-9]*$/.test(name)).map((name) => `${name} is no PascalCase`),
    ...names.filter((name) => /Input$/.test(name)).map((name) => `${name} is the other side of a schema`),
    ...names.filter((name) => !referred.has(name)).map((name) => `${name} is not used`),
    ...[...referred].filter((name = '') => !names.includes(name)).map((name) => `${name} is not there`),
    ...findTwins(names).map((name) => `${name} is there in another case`),
  ];
}

/** Each schema and part of one, with its place. Parts that are references only are left to their names. */
function schemasOf(document: Document): [string, Json][] {
  const tops = [
    ...Object.entries(document.components.schemas).map(([name, schema]): [string, Json] => [name, schema]),
    ...operationsOf(document).flatMap(([place, call]) =>
      topsOf(call).map(([name, schema]): [string, Json] => [`${place} ${name} (anonymous)`, schema]),
    ),
  ];
  return tops.flatMap(([place, schema]) => partsOf(place, schema));
}

function topsOf({ parameters = [], requestBody, responses }: Operation): [string, Json][] {
  return [
    ...parameters.map(({ name, schema }): [string, Json] => [name, schema]),
    ...Object.values(requestBody?.content ?? {}).map(({ schema }): [string, Json] => ['body', schema]),
    ...Object.entries(responses).flatMap(([status, { content = {} }]) =>
      Object.values(content).map(({ schema }): [string, Json] => [status, schema]),
    ),
  ];
}

function partsOf(place: string, schema: Json): [string, Json][] {
  const under = (part: unknown, name: string) =>
    isObject(part) ? partsOf(`${place} ${name} (anonymous)`, part) : [];
  return [
    [place, schema],
    ...Object.entries((schema['properties'] ?? {}) as Json).flatMap(([name, part]) => under(part, name)),
    ...under(schema['items'], 'items'),
    ...under(schema['additionalProperties'], 'values'),
    ...(['anyOf', 'oneOf', 'allOf'] as const).flatMap((key) =>
      ((schema[key] ?? []) as Json[]).flatMap((part, index) => under(part, `${key} ${index}`)),
    ),
  ];
}

const TUPLES_AND_SUCH = [
  'prefixItems',
  'const',
  'propertyNames',
  'not',
  'if',
  'patternProperties',
  'nullable',
];

function findFaultsOfSchema(place: string, schema: Json): string[] {
  const { type, format, properties, items } = schema;
  const faults = TUPLES_AND_SUCH.filter((key) => key in schema).map((key) => `has ${key}`);
  if (Array.isArray(type)) faults.push('is of several types');
  if (type === 'integer' && format !== 'int64') faults.push('is an integer without int64');
  if (type === 'number' && format !== 'double') faults.push('is a number without double');
  if (type === 'array' && !isObject(items)) faults.push('is a list of nobody knows what');
  if (properties && place.endsWith('(anonymous)')) faults.push('is an object without a name');
  for (const key of ['exclusiveMinimum', 'exclusiveMaximum']) {
    if (typeof schema[key] === 'boolean') faults.push(`has ${key} as of OpenAPI 3.0`);
  }
  for (const key of ['minimum', 'maximum']) {
    if (Math.abs(Number(schema[key])) === Number.MAX_SAFE_INTEGER) faults.push(`has JavaScript's own ${key}`);
  }
  for (const key of ['anyOf', 'oneOf'] as const) {
    if (Array.isArray(schema[key]) && !areNamed(schema[key] as Json[]))
      faults.push(`has ${key} without names`);
  }
  faults.push(...findTwins(Object.keys(properties ?? {})).map((name) => `has ${name} in another case`));
  if (Array.isArray(schema['enum'])) {
    const names = (schema['x-enum-varnames'] ?? schema['enum']) as unknown[];
    const twins = findTwins(names.map((name) => String(name).replaceAll(/[^\p{L}\p{N}]/gu, '')));
    faults.push(...twins.map((name) => `has the word "${name}" twice`));
  }
  return faults.map((fault) => `${place} ${fault}`);
}

/** Named alternatives, or one schema and null. */
function areNamed(alternatives: readonly Json[]): boolean {
  const isNullable = alternatives.length === 2 && alternatives[1]?.['type'] === 'null';
  return isNullable || alternatives.every(({ $ref }) => typeof $ref === 'string');
}

/** Requests are strict, answers open. */
function findFaultsOfOpenness(document: Document): string[] {
  const asked = new Set<string>();
  const answered = new Set<string>();
  for (const [, { requestBody, responses }] of operationsOf(document)) {
    reach(requestBody, asked, document);
    reach(responses, answered, document);
  }
  const schemas = Object.entries(document.components.schemas).filter(([, { properties }]) => properties);
  return schemas.flatMap(([name, { additionalProperties }]) => [
    ...(asked.has(name) && additionalProperties !== false ? [`${name} is asked for and not strict`] : []),
    ...(answered.has(name) && additionalProperties === false ? [`${name} is answered and not open`] : []),
  ]);
}

function reach(part: unknown, reached: Set<string>, document: Document): void {
  for (const [, name = ''] of JSON.stringify(part ?? {}).matchAll(/"#\/components\/schemas\/([^"]+)"/g)) {
    if (reached.has(name)) continue;
    reached.add(name);
    reach(document.components.schemas[name], reached, document);
  }
}

function findTwins(names: readonly string[]): string[] {
  const lower = names.map((name) => name.toLowerCase());
  return names.filter((_, index) => lower.indexOf(lower[index] as string) !== index);
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function resolveSchema(document: Document, schema: Json): Json {
  const { $ref } = schema;
  return typeof $ref === 'string'
    ? (document.components.schemas[$ref.slice(SCHEMAS.length)] as Json)
    : schema;
}
