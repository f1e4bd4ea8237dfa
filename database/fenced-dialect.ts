/**
 * FencedDialect: PostgreSQL as the owner of a city writes to it. Each transaction first takes its own row of `owners`,
 * `for key share`; under another epoch there is no such row, and nothing is written.
 *
 * The one place where that is done: no part of the house can forget it. A statement that writes outside a transaction
 * gets one of its own; a plain select goes as it is. Invariant: what an owner has begun is committed before the next
 * owner's epoch begins, or never.
 */
import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
  SelectQueryNode,
  type TransactionSettings,
} from 'kysely';

export interface Fence {
  readonly city: string;
  readonly epoch: number;
  /** Told by the first transaction that finds another epoch. */
  onFenced(error: OwnershipLostError): void;
}

/** Another server owns the city: this one must not write, acknowledge or tell anybody anything. */
export class OwnershipLostError extends Error {
  readonly code = 'OWNERSHIP_LOST';
}

const HOLD_EPOCH = 'select 1 from owners where city = $1 and epoch = $2 for key share';

export class FencedDialect implements Dialect {
  readonly #dialect: Dialect;
  readonly #fence: Fence;
  constructor(dialect: Dialect, fence: Fence) {
    this.#dialect = dialect;
    this.#fence = fence;
  }
  createAdapter = () => this.#dialect.createAdapter();
  createQueryCompiler = () => this.#dialect.createQueryCompiler();
  createIntrospector: Dialect['createIntrospector'] = (database) =>
    this.#dialect.createIntrospector(database);
  createDriver = (): Driver => new FencedDriver(this.#dialect.createDriver(), this.#fence);
}

class FencedDriver implements Driver {
  readonly #driver: Driver;
  readonly #fence: Fence;
  constructor(driver: Driver, fence: Fence) {
    this.#driver = driver;
    this.#fence = fence;
  }

  init = () => this.#driver.init();
  destroy = () => this.#driver.destroy();

  async acquireConnection(): Promise<FencedConnection> {
    return new FencedConnection(this.#driver, await this.#driver.acquireConnection(), this.#fence);
  }

  releaseConnection = ({ inner }: FencedConnection) => this.#driver.releaseConnection(inner);
  beginTransaction = (connection: FencedConnection, settings: TransactionSettings) =>
    connection.begin(settings);
  commitTransaction = (connection: FencedConnection) => connection.commit();
  rollbackTransaction = (connection: FencedConnection) => connection.rollBack();
}

class FencedConnection implements DatabaseConnection {
  readonly inner: DatabaseConnection;
  readonly #driver: Driver;
  readonly #fence: Fence;
  /** The row is held until the transaction's end. */
  #isHeld = false;

  constructor(driver: Driver, inner: DatabaseConnection, fence: Fence) {
    this.#driver = driver;
    this.inner = inner;
    this.#fence = fence;
  }

  async begin(settings: TransactionSettings): Promise<void> {
    await this.#driver.beginTransaction(this.inner, settings);
    try {
      await this.#holdEpoch();
    } catch (error) {
      // What the rollback says of a connection that is gone hides the reason.
      await this.rollBack().catch(() => undefined);
      throw error;
    }
  }

  async commit(): Promise<void> {
    this.#isHeld = false;
    await this.#driver.commitTransaction(this.inner);
  }

  async rollBack(): Promise<void> {
    this.#isHeld = false;
    await this.#driver.rollbackTransaction(this.inner);
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    if (this.#isHeld || isPlainRead(query)) return this.inner.executeQuery<R>(query);
    await this.begin({});
    let result: QueryResult<R>;
    try {
      result = await this.inner.executeQuery<R>(query);
    } catch (error) {
      await this.rollBack().catch(() => undefined);
      throw error;
    }
    await this.commit();
    return result;
  }

  streamQuery<R>(query: CompiledQuery, chunkSize?: number): AsyncIterableIterator<QueryResult<R>> {
    if (!this.#isHeld && !isPlainRead(query))
      throw new Error('only a select is streamed outside a transaction');
    return this.inner.streamQuery<R>(query, chunkSize);
  }

  async #holdEpoch(): Promise<void> {
    const { city, epoch } = this.#fence;
    const { rows } = await this.inner.executeQuery(CompiledQuery.raw(HOLD_EPOCH, [city, epoch]));
    this.#isHeld = rows.length > 0;
    if (this.#isHeld) return;
    const error = new OwnershipLostError(`another server owns ${city}: epoch ${epoch} is over`);
    this.#fence.onFenced(error);
    throw error;
  }
}

/** What may write is no plain read: a `with` may hold an insert, and of raw SQL nothing is known. */
function isPlainRead({ query }: CompiledQuery): boolean {
  return SelectQueryNode.is(query) && !query.with;
}
