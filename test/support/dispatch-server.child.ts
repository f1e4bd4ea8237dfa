/**
 * Dispatch behind real HTTP, in a process of its own that a test may kill: `node … STATE_FILE UNITS`.
 * Prints its address as one line of JSON when it listens.
 */
import type { AddressInfo } from 'node:net';
import { dispatchRoutes } from '../../api/dispatch/dispatch-routes.ts';
import { openTestApi } from './api.ts';
import { openDispatchHouse } from './dispatch-house.ts';

const [file, units] = process.argv.slice(2);
if (!file) throw new Error('the state file is missing');
const house = await openDispatchHouse({ file, units: Number(units) });
const { dispatch, clock } = house;
const api = await openTestApi({
  config: { API_AUTH: false, STREAM_MAX_CLIENTS: 1, STREAM_MAX_CLIENTS_PER_ADDRESS: 1 },
  routes: dispatchRoutes({ dispatch, now: () => clock.ms, timeZone: 'Asia/Jakarta' }),
});
await api.app.listen({ host: '127.0.0.1', port: 0 });
const { port } = api.app.server.address() as AddressInfo;
console.log(JSON.stringify({ url: `http://127.0.0.1:${port}` }));
