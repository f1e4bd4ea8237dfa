/**
 * The document's schemas as generators of clients in Go, Java, Python and TypeScript take them.
 *
 * Between what zod writes and `/openapi.json`. Each object gets a name, its own or one made of where it stands;
 * integers are `int64` and numbers `double`; a tuple is an array with bounds; null stands beside one other schema and
 * nowhere else; answers are open, so that a new field breaks nobody, and requests strict. Invariant: what was valid
 * stays valid; only the words change, and answers may have more fields.
 */

/** A JSON Schema, or a part of the document that holds some. */
export interface Json {
  [key: string]: unknown;
}
export interface OpenApiDocument extends Json {
  paths: Record<string, Record<string, Operation>>;
  components: {
    schemas: Record<string, Json>;
    responses?: Record<string, Json & { content?: Content }>;
    [key: string]: unknown;
  };
}
export interface Operation extends Json {
  operationId?: string;
  parameters?: (Json & { name: string; in: string; schema: Json })[];
  requestBody?: Json & { content: Content };
  responses: Record<string, Json & { content?: Content; headers?: Json }>;
}
type Content = Record<string, Json & { schema?: Json }>;

/** Where a schema stands, as far as it decides its form and its name. */
interface Place {
  readonly name: string;
  readonly isAnswer: boolean;
}

const REFERENCE = '#/components/schemas/';
/** What fastify-type-provider-zod adds to the name of a schema that callers send. */
const INPUT_SUFFIX = /Input$/;

export function tidySchemas(document: OpenApiDocument): OpenApiDocument {
  const tidy = new Tidy(document.components.schemas);
  const paths = Object.fromEntries(
    Object.entries(document.paths).map(([path, calls]) => [
      path,
      Object.fromEntries(Object.entries(calls).map(([method, call]) => [method, tidyCall(call, tidy)])),
    ]),
  );
  const responses = Object.fromEntries(
    Object.entries(document.components.responses ?? {}).map(([name, answer]) => [
      name,
      tidyAnswer(answer, name, tidy),
    ]),
  );
  const components = { ...document.components, responses, schemas: tidy.named() };
  return { ...document, paths, components };
}

function tidyCall(call: Operation, tidy: Tidy): Operation {
  const name = capitalize(call.operationId ?? '');
  const { parameters, requestBody } = call;
  const responses = Object.entries(call.responses).map(([status, answer]) => [
    status,
    tidyAnswer(answer, `${name}Answer`, tidy),
  ]);
  const tidied: Operation = { ...call, responses: Object.fromEntries(responses) };
  if (parameters) {
    tidied.parameters = parameters.map(({ schema: { example, ...schema }, ...each }) => ({
      ...each,
      // zod leaves `examples` out where text is made a number; this word it takes for one of ours.
      ...(example === undefined ? {} : { example }),
      schema: tidy.schema(schema, { name: name + capitalize(each.name), isAnswer: false }),
    }));
  }
  if (requestBody) {
    const place = { name: `${name}Request`, isAnswer: false };
    tidied.requestBody = { ...requestBody, content: tidyContent(requestBody.content, place, tidy) };
  }
  return tidied;
}

function tidyAnswer<T extends { content?: Content }>(answer: T, name: string, tidy: Tidy): T {
  if (!answer.content) return answer;
  return { ...answer, content: tidyContent(answer.content, { name, isAnswer: true }, tidy) };
}

function tidyContent(content: Content, place: Place, tidy: Tidy): Content {
  return Object.fromEntries(
    Object.entries(content).map(([type, { schema, ...rest }]) => [
      type,
      schema ? { ...rest, schema: tidy.schema(schema, place) } : rest,
    ]),
  );
}

class Tidy {
  readonly #given: Readonly<Record<string, Json>>;
  readonly #named = new Map<string, Json>();
  constructor(given: Readonly<Record<string, Json>>) {
    this.#given = given;
  }

  /** All that were referred to, in the order of their names. */
  named(): Record<string, Json> {
    return Object.fromEntries([...this.#named].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** The schema, or the reference to it where it has a name. */
  schema(each: Json, place: Place): Json {
    if (typeof each['$ref'] === 'string') return { ...each, $ref: this.#reach(each['$ref']) };
    const shaped = this.#shape(each, place);
    if (shaped['properties'] === undefined) return shaped;
    const { description, ...rest } = shaped;
    const reference = this.#refer(place.name, rest);
    return description === undefined ? reference : { ...reference, description };
  }

  #refer(name: string, schema: Json): Json {
    const known = this.#named.get(name);
    if (known && JSON.stringify(known) !== JSON.stringify(schema)) {
      throw new Error(
        `two schemas of the document are called ${name}: give one of them a name by meta({ id })`,
      );
    }
    this.#named.set(name, schema);
    return { $ref: REFERENCE + name };
  }

  #reach(reference: string): string {
    const given = reference.slice(REFERENCE.length);
    const name = given.replace(INPUT_SUFFIX, '');
    if (!this.#named.has(name)) {
      // Before it is filled in, so that a schema may hold itself.
      this.#named.set(name, {});
      const isAnswer = !INPUT_SUFFIX.test(given);
      this.#named.set(name, this.#shape(this.#given[given] as Json, { name, isAnswer }));
    }
    return REFERENCE + name;
  }

  #shape(each: Json, place: Place): Json {
    if (Array.isArray(each['type'])) return this.#shapeNullable(each, place);
    const { propertyNames: _, prefixItems, ...plain } = each;
    const shaped: Json = shapeNumber(plain);
    const one = { ...place, name: singular(place.name) };
    if (Array.isArray(prefixItems)) Object.assign(shaped, this.#shapeTuple(prefixItems as Json[], place));
    else if (isSchema(each['items'])) shaped['items'] = this.schema(each['items'], one);
    if ('const' in shaped) {
      shaped['enum'] = [shaped['const']];
      delete shaped['const'];
    }
    for (const key of ['anyOf', 'oneOf', 'allOf'] as const) {
      if (Array.isArray(each[key]))
        shaped[key] = (each[key] as Json[]).map((part) => this.schema(part, place));
    }
    if (isSchema(each['properties'])) shaped['properties'] = this.#shapeMembers(each['properties'], place);
    if (isSchema(each['additionalProperties'])) {
      shaped['additionalProperties'] = this.schema(each['additionalProperties'], one);
    } else if (place.isAnswer) delete shaped['additionalProperties'];
    return shaped;
  }

  #shapeMembers(properties: Json, place: Place): Json {
    const prefix = place.name.replace(/Answer$/, '');
    return Object.fromEntries(
      Object.entries(properties as Record<string, Json>).map(([name, value]) => [
        name,
        this.schema(value, { ...place, name: prefix + capitalize(name) }),
      ]),
    );
  }

  #shapeNullable({ type, description, ...rest }: Json, place: Place): Json {
    const [one = 'null', ...others] = (type as string[]).filter((each) => each !== 'null');
    if (others.length > 0) throw new Error(`${place.name} is of several types: give each a name`);
    return {
      ...(description === undefined ? {} : { description }),
      anyOf: [this.schema({ type: one, ...rest }, place), { type: 'null' }],
    };
  }

  #shapeTuple(items: readonly Json[], place: Place): Json {
    const [first = {}] = items;
    if (items.some((each) => JSON.stringify(each) !== JSON.stringify(first))) {
      throw new Error(`${place.name} is a tuple of different schemas: make it an object`);
    }
    return { items: this.schema(first, place), minItems: items.length, maxItems: items.length };
  }
}

/** `int64` and `double`; a number that can only be one of some integers is an integer. */
function shapeNumber(schema: Json): Json {
  const { type, enum: values, minimum, maximum } = schema;
  const isInteger = type === 'integer' || (Array.isArray(values) && values.every(Number.isInteger));
  if (type !== 'integer' && type !== 'number') return { ...schema };
  const shaped: Json = { ...schema, type: isInteger ? 'integer' : 'number' };
  shaped['format'] = isInteger ? 'int64' : 'double';
  // What JavaScript can hold is no bound of ours.
  if (minimum === Number.MIN_SAFE_INTEGER) delete shaped['minimum'];
  if (maximum === Number.MAX_SAFE_INTEGER) delete shaped['maximum'];
  return shaped;
}

function isSchema(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function capitalize(word: string): string {
  return word.replaceAll(/(?:^|[^A-Za-z0-9]+)([A-Za-z0-9])/g, (_, first: string) => first.toUpperCase());
}

/** Of a list's name: that of one of it. */
function singular(name: string): string {
  if (/(?:Answer|Request)$/.test(name)) return `${name}Item`;
  return name.replace(/ies$/, 'y').replace(/(?<![su])s$/, '');
}
