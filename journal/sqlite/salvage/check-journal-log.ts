/**
 * Looks whether the write-ahead log has lost commits that were acknowledged.
 *
 * SQLite takes the log up to the first frame whose checksum is wrong and drops the rest without a word. After a
 * crash that rest is the one commit that was being written; the next one is written only after its fsync. So
 * two commits behind the first wrong frame mean damage. Invariant: only reads. Format:
 * https://sqlite.org/fileformat2.html#the_write_ahead_log
 */
import { existsSync, readFileSync } from 'node:fs';

const HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
/** Offsets in the header of the log and of a frame, big-endian. */
const MAGIC = 0;
const PAGE_BYTES = 8;
const HEADER_SALT = 16;
const HEADER_CHECKSUM = 24;
const FRAME_COMMIT = 4;
const FRAME_SALT = 8;
const FRAME_CHECKSUM = 16;
/** The lowest bit tells whether checksums are over big-endian words. */
const MAGIC_LITTLE_ENDIAN = 0x377f0682;
const MAGIC_BIG_ENDIAN = 0x377f0683;

export interface LostLog {
  /** Commits behind the first wrong frame; the last of them may never have been acknowledged. */
  readonly commits: number;
  /** Bytes behind it. */
  readonly bytes: number;
}

/** What the log of `file` has lost; undefined when it is whole, absent, or ends as a crash leaves it. */
export function findLostLog(file: string): LostLog | undefined {
  const path = `${file}-wal`;
  if (!existsSync(path)) return undefined;
  const log = readFileSync(path);
  if (log.length < HEADER_BYTES + FRAME_HEADER_BYTES) return undefined;
  const magic = log.readUInt32BE(MAGIC);
  const isKnown = magic === MAGIC_LITTLE_ENDIAN || magic === MAGIC_BIG_ENDIAN;
  const frameBytes = FRAME_HEADER_BYTES + (isKnown ? log.readUInt32BE(PAGE_BYTES) : 4096);
  const broken = isKnown ? firstBrokenFrame(log, frameBytes, magic === MAGIC_BIG_ENDIAN) : HEADER_BYTES;
  const salt = frameSalt(log, isKnown ? HEADER_SALT : HEADER_BYTES + FRAME_SALT);
  let commits = 0;
  for (let at = broken; at + frameBytes <= log.length; at += frameBytes) {
    // Frames of another salt are left over from before the log was begun anew.
    if (frameSalt(log, at + FRAME_SALT) === salt && log.readUInt32BE(at + FRAME_COMMIT) !== 0) commits++;
  }
  return commits >= 2 ? { commits, bytes: log.length - broken } : undefined;
}

function frameSalt(log: Buffer, at: number): bigint {
  return log.readBigUInt64BE(at);
}

/** Where the first frame starts that SQLite does not take; the end of the log when it takes all. */
function firstBrokenFrame(log: Buffer, frameBytes: number, isBigEndian: boolean): number {
  const sums = new Uint32Array(2);
  addChecksum(sums, log, 0, HEADER_CHECKSUM, isBigEndian);
  if (!isChecksum(sums, log, HEADER_CHECKSUM)) return HEADER_BYTES;
  const salt = frameSalt(log, HEADER_SALT);
  let at = HEADER_BYTES;
  for (; at + frameBytes <= log.length; at += frameBytes) {
    if (frameSalt(log, at + FRAME_SALT) !== salt) return at;
    addChecksum(sums, log, at, at + FRAME_SALT, isBigEndian);
    addChecksum(sums, log, at + FRAME_HEADER_BYTES, at + frameBytes, isBigEndian);
    if (!isChecksum(sums, log, at + FRAME_CHECKSUM)) return at;
  }
  return at;
}

/** s0 += x[i] + s1; s1 += x[i+1] + s0; modulo 2^32, over pairs of 32-bit words. */
function addChecksum(sums: Uint32Array, log: Buffer, from: number, to: number, isBigEndian: boolean): void {
  let s0 = sums[0] as number;
  let s1 = sums[1] as number;
  for (let at = from; at < to; at += 8) {
    s0 = (s0 + (isBigEndian ? log.readUInt32BE(at) : log.readUInt32LE(at)) + s1) >>> 0;
    s1 = (s1 + (isBigEndian ? log.readUInt32BE(at + 4) : log.readUInt32LE(at + 4)) + s0) >>> 0;
  }
  sums[0] = s0;
  sums[1] = s1;
}

function isChecksum(sums: Uint32Array, log: Buffer, at: number): boolean {
  return log.readUInt32BE(at) === sums[0] && log.readUInt32BE(at + 4) === sums[1];
}
