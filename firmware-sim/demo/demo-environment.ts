/**
 * Where the demo's parts meet: the server's environment, with what the demo chooses where nothing was said.
 *
 * A folder of its own, so that simulated readings never mix with real ones; the API without tokens, which
 * the server itself allows on loopback only. Invariant: whatever the caller's environment says wins.
 */
export type Environment = Readonly<Record<string, string | undefined>>;

export interface DemoPlace {
  /** For both children. */
  readonly environment: Environment;
  readonly city: string;
  readonly dataDir: string;
  readonly http: { readonly host: string; readonly port: number };
  readonly mqtt: { readonly host: string; readonly port: number };
  /** Where the story is paused, hurried and sent on; on loopback. */
  readonly controlPort: number;
}

/** Beside the API's, and not one that other programs of a developer like to take. */
const CONTROL_BESIDE_HTTP = 10;

/** Every address; a client on this machine reaches it by loopback. */
const ANY_ADDRESS: ReadonlyMap<string, string> = new Map([
  ['0.0.0.0', '127.0.0.1'],
  ['::', '[::1]'],
]);

/** `controlPort` was asked for by `--control`; 0 and undefined leave it to the environment. */
export function chooseDemoPlace(given: Environment, controlPort?: number): DemoPlace {
  const environment = {
    ...given,
    SIAGA_CITY: given['SIAGA_CITY'] || 'semarang',
    SIAGA_DATA_DIR: given['SIAGA_DATA_DIR'] || './data/demo',
    HTTP_HOST: given['HTTP_HOST'] || '127.0.0.1',
    HTTP_PORT: given['HTTP_PORT'] || '3000',
    MQTT_HOST: given['MQTT_HOST'] || '127.0.0.1',
    MQTT_PORT: given['MQTT_PORT'] || '1883',
    API_AUTH: given['API_AUTH'] || 'false',
  };
  return {
    environment,
    city: environment.SIAGA_CITY,
    dataDir: environment.SIAGA_DATA_DIR,
    http: { host: environment.HTTP_HOST, port: Number(environment.HTTP_PORT) },
    mqtt: { host: environment.MQTT_HOST, port: Number(environment.MQTT_PORT) },
    controlPort:
      controlPort ||
      Number(given['DEMO_CONTROL_PORT'] || Number(environment.HTTP_PORT) + CONTROL_BESIDE_HTTP),
  };
}

export function clientUrl(protocol: 'http' | 'mqtt', { host, port }: { host: string; port: number }): string {
  return `${protocol}://${ANY_ADDRESS.get(host) ?? host}:${port}`;
}
