/**
 * `npm run doctor`: what the doctor found, a line each.
 *
 * Invariant: exit code 1 where something is bad, 2 for a wrong word, else 0.
 */
import { parseArgs } from 'node:util';
import { allowClosedPipe } from '../config/closed-pipe.ts';
import { examine, type Finding } from './doctor.ts';

const HELP = `npm run doctor

Looks at this machine with the environment of Siaga (docs/configuration.md): the variables, the data folder, disk, open
files, clock, ports, certificate, InfluxDB, PostgreSQL. It changes nothing, and may run beside a running Siaga.

  ok      fine
  look    works, and may harm later
  BAD     stops Siaga or harms it now; exit code 1`;

function formatFinding({ state, what, says, remedy }: Finding): string {
  const sign = state === 'bad' ? 'BAD ' : state.padEnd(4);
  return `${sign}  ${what.padEnd(12)} ${says}${remedy ? `\n        → ${remedy}` : ''}`;
}

allowClosedPipe();
try {
  const { values } = parseArgs({ options: { help: { type: 'boolean', short: 'h' } } });
  if (values.help) console.log(HELP);
  else {
    const findings = await examine(process.env);
    for (const each of findings) console.log(formatFinding(each));
    process.exitCode = findings.some(({ state }) => state === 'bad') ? 1 : 0;
  }
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 2;
}
