/**
 * `npm run fuzz -- [MINUTES] [SEED]`: the fuzzer on a server of its own, for as long as it is told; 60 where absent.
 */

import { fillHouse } from '../support/fill-house.ts';
import { createDataFolder, startSiaga } from '../support/start-siaga.ts';
import { fuzz } from './fuzz.ts';

const [minutes = '60', seed = String(Date.now() % 1_000_000)] = process.argv.slice(2);
if (!(Number(minutes) > 0) || !Number.isSafeInteger(Number(seed))) {
  console.error('npm run fuzz -- [MINUTES] [SEED]');
  process.exit(2);
}
const endsAtMs = performance.now() + Number(minutes) * 60_000;
await using folder = await createDataFolder();
await using server = await startSiaga({ dataDir: folder.path });
await fillHouse(server);
const { calls, faults, statuses } = await fuzz({
  url: server.httpUrl,
  seed: Number(seed),
  goesOn: () => performance.now() < endsAtMs,
});
for (const [call, counts] of [...statuses].sort()) {
  const words = [...counts].sort(([a], [b]) => a - b).map(([status, count]) => `${status}: ${count}`);
  console.log(`${call.padEnd(24)} ${words.join('  ')}`);
}
for (const fault of faults) console.log(fault);
console.log(`${calls} calls, seed ${seed}, ${faults.length} faults`);
process.exitCode = faults.length === 0 ? 0 : 1;
