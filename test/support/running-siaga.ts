/**
 * A server that start-siaga.ts has started and that is ready: where it is, what it answers, and its end.
 */
import { hasLabels, type MetricSample, parseMetrics } from './metric-samples.ts';

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningSiaga extends AsyncDisposable {
  readonly pid: number;
  readonly httpUrl: string;
  readonly mqttPort: number;
  /** Log lines so far. */
  readonly logged: readonly Record<string, unknown>[];
  /** The end of the process, whatever ends it. */
  readonly exited: Promise<Exit>;
  /** kill -9; resolves when the process is gone. */
  kill(): Promise<void>;
  /** Sends the signal; resolves with the end of the process. */
  stop(signal?: NodeJS.Signals): Promise<Exit>;
  /** GET of a JSON document. Throws unless it is 200. */
  get<T>(path: string): Promise<T>;
  metrics(): Promise<readonly MetricSample[]>;
  /** Sum of the series of a metric that bear all of these labels; 0 where there is none. */
  metric(name: string, labels?: Readonly<Record<string, string>>): Promise<number>;
}

interface SpawnedSiaga extends Pick<RunningSiaga, 'pid' | 'logged' | 'exited'> {
  end(signal: NodeJS.Signals): Promise<Exit>;
}

/** `ready` is the line of its log that says where it listens. */
export function asRunning(server: SpawnedSiaga, ready: Record<string, unknown>): RunningSiaga {
  const httpUrl = ready['http'] as string;
  const tcp = (ready['mqtt'] as string[]).find((address) => address.startsWith('tcp:')) as string;
  const fetchOk = async (path: string) => {
    const response = await fetch(httpUrl + path, { headers: { connection: 'close' } });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response;
  };
  const metrics = async () => parseMetrics(await (await fetchOk('/metrics')).text());
  return {
    pid: server.pid,
    httpUrl,
    mqttPort: Number(new URL(tcp.replace('tcp:', 'http:')).port),
    logged: server.logged,
    exited: server.exited,
    stop: (signal = 'SIGTERM') => server.end(signal),
    async kill() {
      await server.end('SIGKILL');
    },
    get: async <T>(path: string) => (await (await fetchOk(path)).json()) as T,
    metrics,
    async metric(name, labels = {}) {
      const samples = (await metrics()).filter((each) => each.name === name && hasLabels(each, labels));
      return samples.reduce((sum, { value }) => sum + value, 0);
    },
    async [Symbol.asyncDispose]() {
      await server.end('SIGKILL');
    },
  };
}
