/**
 * File descriptors: what the system gives this process, shared out before the first socket comes.
 *
 * Beyond the limit the kernel closes every new connection without a word to anybody, those of dispatchers among
 * them. Invariant: the bounds of broker and API together stay below the limit, and the API has a share of its own.
 */
import { API_MAX_CONNECTIONS } from '../api/app.ts';
import type { Config } from '../config/config.ts';

/**
 * What Siaga itself holds open: 52 at rest (six threads of 4, five databases of 2 to 4, listeners), 15 for the thread
 * that reads the journal, 20 for PostgreSQL and InfluxDB, 20 for a backup and notices on their way; and some to spare.
 */
export const OWN_DESCRIPTORS = 128;
/** Of what is left where it is too little, for people: one in four. */
export const API_SHARE = 0.25;
/** Of each, whatever the limit: so that somebody can see what is wrong. */
const LEAST_CONNECTIONS = 8;

export interface DescriptorShare {
  readonly mqttConnections: number;
  readonly apiConnections: number;
  /** Absent where there is enough for what is configured. */
  readonly shortage?: { readonly limit: number; readonly needed: number };
}

/** `limit` is what the process may open in all. */
export function shareDescriptors(
  { MQTT_MAX_CONNECTIONS: wanted }: Pick<Config, 'MQTT_MAX_CONNECTIONS'>,
  limit: number,
): DescriptorShare {
  const needed = OWN_DESCRIPTORS + wanted + API_MAX_CONNECTIONS;
  if (limit >= needed) return { mqttConnections: wanted, apiConnections: API_MAX_CONNECTIONS };
  const left = Math.max(0, limit - OWN_DESCRIPTORS);
  const apiConnections = Math.max(
    LEAST_CONNECTIONS,
    Math.min(API_MAX_CONNECTIONS, Math.floor(left * API_SHARE)),
  );
  const mqttConnections = Math.max(LEAST_CONNECTIONS, Math.min(wanted, left - apiConnections));
  return { mqttConnections, apiConnections, shortage: { limit, needed } };
}

/** How many files and sockets this process may have open; Node has raised it to the hard limit. */
export function readDescriptorLimit(): number {
  // Else it looks up the names of whoever is connected.
  Object.assign(process.report, { excludeNetwork: true });
  const { userLimits } = process.report.getReport() as {
    userLimits?: { open_files?: { soft: number | 'unlimited' } };
  };
  const soft = userLimits?.open_files?.soft;
  return typeof soft === 'number' ? soft : Number.POSITIVE_INFINITY;
}
