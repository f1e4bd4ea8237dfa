/**
 * What was learned of the roads' pace, on disk beside the road file: `<SIAGA_DATA_DIR>/<city>.pace`.
 *
 * A line of JSON with a checksum, at most 200,000 rows. Invariant: written beside and renamed, so that a kill leaves
 * the old one or the new one; a damaged file is said and begun anew, since speeds by class are a safe start.
 */
import { readFileSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import type { Logger } from 'pino';
import { z } from 'zod';
import { VEHICLES } from '../road-classes.ts';
import { ALL_HOURS, PaceMemory } from './pace-memory.ts';

const seconds = z.number().positive();
const fileSchema = z.object({
  version: z.literal(1),
  stretches: z.int().min(0),
  rows: z.array(z.tuple([z.string(), z.enum(VEHICLES), z.int().min(0).max(ALL_HOURS), seconds, seconds])),
});

/** Eight hexadecimal digits and a space. */
const CHECKSUM_LENGTH = 9;

function formatChecksum(json: string): string {
  return `${crc32(json).toString(16).padStart(8, '0')} `;
}

export function paceFileOf(dataDir: string, city: string): string {
  return `${dataDir}/${city}.pace`;
}

export function readPace(file: string, log: Logger): PaceMemory {
  const memory = new PaceMemory();
  try {
    const text = readFileSync(file, 'utf8');
    const json = text.slice(CHECKSUM_LENGTH);
    if (text.slice(0, CHECKSUM_LENGTH) !== formatChecksum(json)) throw new Error('its checksum is wrong');
    const { rows, stretches } = fileSchema.parse(JSON.parse(json));
    memory.restore(rows, stretches);
  } catch (error) {
    if ((error as { code?: string }).code !== 'ENOENT') {
      log.warn({ err: error, file }, 'what was learned of the roads cannot be read; it is learned anew');
    }
  }
  return memory;
}

export async function writePace(file: string, memory: PaceMemory): Promise<void> {
  const round = (each: number) => Math.round(each * 10) / 10 || 0.1;
  const rows = [...memory.rows()].map(([cell, vehicle, hour, usualS, takenS]) => [
    cell,
    vehicle,
    hour,
    round(usualS),
    round(takenS),
  ]);
  const json = JSON.stringify({ version: 1, stretches: memory.stretches, rows });
  const handle = await open(`${file}.new`, 'w');
  try {
    await handle.writeFile(`${formatChecksum(json)}${json}`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(`${file}.new`, file);
}
