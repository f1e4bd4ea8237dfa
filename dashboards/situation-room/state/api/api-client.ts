/**
 * Calls to the API: for whom they are made, failures as words, and the server's clock.
 *
 * Every view's facts come through here. The browser sends the session's cookie, which no script can read. Invariants:
 * once somebody is signed in each call says so, and gets an answer for them or none, never the public's; ages are told
 * by the server's clock, since the clock of the room's computer may be wrong.
 */
export class ApiError extends Error {
  readonly status: number;
  /** The problem's name without its prefix: `unit-taken`. Empty where the answer was no problem of the API. */
  readonly slug: string;
  /** The problem's members. */
  readonly facts: Readonly<Record<string, unknown>>;
  constructor(status: number, message: string, facts: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.status = status;
    this.facts = facts;
    const { type } = facts;
    this.slug = typeof type === 'string' ? (type.split(':').at(-1) ?? '') : '';
  }
}

/** A server that does not answer in this time is not there. */
const TIMEOUT_MS = 20_000;

type Init = Omit<RequestInit, 'headers'> & { headers?: Record<string, string> };

/** What a call may carry beside its path. */
export interface Sent {
  readonly body?: object;
  /** The version that was seen. */
  readonly ifMatch?: string;
  readonly withinMs?: number;
}

export class ApiClient {
  /** Somebody is signed in, or was until the session ended. */
  isSignedIn = false;
  /** Called when the API says that the session has ended, and when it is there again. */
  onSession: (isEnded: boolean) => void = () => undefined;
  #isEnded = false;
  readonly #base: string;
  /** Server minus here, ms. */
  #offsetMs = 0;
  /** When each call that is not answered yet was made, by this computer's clock. */
  readonly #unanswered = new Set<{ readonly askedAt: number }>();

  /** `base` is where the page is, so that it works below a path too. */
  constructor(base: string) {
    this.#base = base;
  }

  /** Epoch ms by the server's clock, right to about a second. */
  now(): number {
    return Date.now() + this.#offsetMs;
  }

  /** For how long the oldest call has waited, ms; 0 while none does. The stream is none: it stays open. */
  get waitingMs(): number {
    const oldest = Math.min(...[...this.#unanswered].map(({ askedAt }) => askedAt));
    return this.#unanswered.size === 0 ? 0 : Date.now() - oldest;
  }

  /** Nobody is signed in here any more; what is shown is of before. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** JSON of a path such as `v1/devices`. Throws ApiError, or what fetch throws. */
  async get<T>(path: string): Promise<T> {
    return this.#call<T>(path, {});
  }

  async post<T>(path: string, body: object, more: Readonly<Record<string, string>> = {}): Promise<T> {
    const headers = { ...more, 'content-type': 'application/json' };
    return this.#call<T>(path, { method: 'POST', headers, body: JSON.stringify(body) });
  }

  async put<T>(path: string, body: object): Promise<T> {
    const headers = { 'content-type': 'application/json' };
    return this.#call<T>(path, { method: 'PUT', headers, body: JSON.stringify(body) });
  }

  /** Any call, with the version (ETag) of what it answers. Throws ApiError, or what fetch throws. */
  async send<T>(method: string, path: string, more: Sent = {}): Promise<{ body: T; etag: string }> {
    const { body, ifMatch, withinMs = TIMEOUT_MS } = more;
    const headers = {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(ifMatch === undefined ? {} : { 'if-match': ifMatch }),
    };
    const json = body === undefined ? {} : { body: JSON.stringify(body) };
    let etag = '';
    const answer = await this.#call<T>(path, { method, headers, ...json }, withinMs, (response) => {
      // Weak where it was sent compressed; a condition asks for the strong one.
      etag = (response.headers.get('etag') ?? '').replace(/^W\//, '');
    });
    return { body: answer, etag };
  }

  async delete(path: string): Promise<void> {
    await this.#call(path, { method: 'DELETE' });
  }

  async #call<T>(
    path: string,
    init: Init,
    withinMs = TIMEOUT_MS,
    look: (response: Response) => void = () => undefined,
  ): Promise<T> {
    const call = { askedAt: Date.now() };
    this.#unanswered.add(call);
    try {
      const response = await this.#fetch(path, { ...init, signal: AbortSignal.timeout(withinMs) });
      look(response);
      return await this.#json<T>(response);
    } finally {
      this.#unanswered.delete(call);
    }
  }

  /** The stream's answer, whatever its status. */
  openStream(lastEventId: string | undefined, signal: AbortSignal): Promise<Response> {
    const headers = lastEventId === undefined ? {} : { 'last-event-id': lastEventId };
    return this.#fetch('v1/stream', { headers, signal, cache: 'no-store' });
  }

  async #fetch(path: string, init: Init): Promise<Response> {
    const headers = { ...init.headers };
    // What changes something bears it in any case: it is the proof that our own page asks.
    if (this.isSignedIn || init.method !== undefined) headers['x-siaga-session'] = '1';
    const askedAt = Date.now();
    const response = await fetch(new URL(path.replace(/^\//, ''), this.#base), { ...init, headers });
    this.#setClock(response, askedAt);
    if (this.isSignedIn) this.#noteSession(response.status);
    return response;
  }

  /** Of a call for somebody who is signed in 401 has one meaning. */
  #noteSession(status: number): void {
    const isEnded = status === 401;
    // A failure of another kind says nothing of the session.
    if (isEnded === this.#isEnded || (!isEnded && status >= 500)) return;
    this.#isEnded = isEnded;
    this.onSession(isEnded);
  }

  /** The Date header has whole seconds, cut off: half a second more is the best guess. */
  #setClock(response: Response, askedAt: number): void {
    const serverAt = Date.parse(response.headers.get('date') ?? '');
    if (Number.isNaN(serverAt)) return;
    this.#offsetMs = serverAt + 500 - (askedAt + Date.now()) / 2;
  }

  async #json<T>(response: Response): Promise<T> {
    if (response.status === 204) return undefined as T;
    if (response.ok) return (await response.json()) as T;
    const problem = (await response.json().catch(() => ({}))) as Record<string, unknown>;
    const detail = typeof problem['detail'] === 'string' ? problem['detail'] : response.statusText;
    throw new ApiError(response.status, detail, problem);
  }
}
