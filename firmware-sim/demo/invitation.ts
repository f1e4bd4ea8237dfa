/**
 * What the demo says once it runs, in Indonesian and English: what to open, what to try.
 *
 * Invariant: every command it shows works as it stands, in this folder, with the demo running.
 */
import type { City } from '../../cities/city.ts';
import { publishersOf } from '../../cities/publishers.ts';
import { clientUrl, type DemoPlace } from './demo-environment.ts';

/** Said where the caller has asked for tokens: the calls above then want one. */
const TOKENS = `  API_AUTH: npm run tokens -- make NAME dispatcher; curl -H 'Authorization: Bearer siaga_…';
  the automatic dispatcher: npm run demo -- --token-file FILE

`;

export function describeInvitation(city: City, place: DemoPlace, credentials: string): string {
  const api = clientUrl('http', place.http);
  const mqtt = clientUrl('mqtt', place.mqtt);
  const middle = {
    lat: ((city.bounds.south + city.bounds.north) / 2).toFixed(4),
    lng: ((city.bounds.west + city.bounds.east) / 2).toFixed(4),
  };
  const counts = [...Map.groupBy(publishersOf(city), ({ kind }) => kind)]
    .map(([kind, { length }]) => `${length} ${kind}`)
    .join(', ');
  return `
${city.name} siaga. Semenit tenang, lalu banjir datang dan surut dalam lima menit; Ctrl-C untuk berhenti.
${city.name} is on alert. A calm minute, then a flood comes and drains within five; Ctrl-C ends it.

  Halaman warga · public pages     ${api}/
  Ruang situasi · situation room   ${api}/room
  Meja siaga · dispatchers' desk   ${api}/desk
  Kendali cerita · story control   http://127.0.0.1:${place.controlPort}/
  API                              ${api}/docs
  Perangkat · devices              ${counts} → ${mqtt}

  curl -s '${api}/v1/devices?liveness=online&limit=5'
  curl -s '${api}/v1/alerts?state=open'
  curl -s '${api}/v1/ambulances/nearest?lat=${middle.lat}&lng=${middle.lng}'
  curl -s '${api}/v1/incidents?state=open'
  curl -s '${api}/v1/rejections'
  curl -N '${api}/v1/stream?types=alert'

${place.environment['API_AUTH'] === 'false' ? '' : TOKENS}  Posisi dan data ini simulasi, bukan laporan. Positions and readings are simulated, not reports.
  Sandi perangkat · device secrets: ${credentials}   Log: ${place.dataDir}/server.log
`;
}
