/** The ground of tests about carrying: a PostgreSQL for the file, and for each test a database on it and its nodes. */
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { type ClusterDatabase, createClusterDatabase } from './cluster-house.ts';
import { createNodes, type Nodes, untilItLeads } from './node-house.ts';
import { type RunningPostgres, startPostgres } from './postgres.ts';
import type { StandbySiaga } from './start-siaga.ts';

export interface NodeGround {
  readonly database: ClusterDatabase;
  readonly nodes: Nodes;
  /** Ends with the test. */
  readonly opened: AsyncDisposableStack;
  /** A standby that knows its owner. */
  standBy(environment?: Record<string, string>): Promise<StandbySiaga>;
}

/** Called in a `describe`, whose tests it serves. */
export function setUpNodes(): NodeGround {
  let postgres: RunningPostgres | undefined;
  let database: ClusterDatabase;
  let opened: AsyncDisposableStack;
  let nodes: Nodes;
  beforeAll(async () => {
    postgres = await startPostgres();
  });
  afterAll(() => postgres?.[Symbol.asyncDispose]());
  beforeEach(async () => {
    opened = new AsyncDisposableStack();
    database = opened.use(await createClusterDatabase((postgres as RunningPostgres).url));
    nodes = createNodes(database, opened);
  });
  afterEach(() => opened.disposeAsync());
  return {
    get database() {
      return database;
    },
    get nodes() {
      return nodes;
    },
    get opened() {
      return opened;
    },
    async standBy(environment) {
      const standby = await nodes.startStandby(environment);
      await untilItLeads(standby);
      return standby;
    },
  };
}

/** Where devices reach a standby. */
export const mqttPortOf = ({ mqttPorts }: StandbySiaga) => mqttPorts['tcp'] as number;
