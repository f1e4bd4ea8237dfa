/**
 * Sentences on a server for its operator: what holds for it, and why what was written is not found.
 *
 * Invariant: each names what to look at or the command to give.
 */
import type { Generation, InfluxTarget, PreparedBucket } from './prepare-server.ts';
import { type Call, listIn } from './server-call.ts';

const DAY_S = 86_400;

/** What holds for this server and bucket and surprises who does not know it. */
export function notesOn(
  { bucket, retentionDays }: InfluxTarget,
  generation: Generation,
  { retentionMs }: PreparedBucket,
): readonly string[] {
  const notes: string[] = [];
  const wantedMs = retentionDays * DAY_S * 1000;
  if (retentionMs !== undefined && retentionMs > 0 && (wantedMs === 0 || retentionMs < wantedMs)) {
    const days = Math.round(retentionMs / 8_640_000) / 10;
    const wanted = retentionDays === 0 ? 'for ever' : `${retentionDays} days`;
    notes.push(
      `${bucket} keeps ${days} days, and INFLUX_RETENTION_DAYS asks for ${wanted}: change it in InfluxDB`,
    );
  }
  if (generation === 3) {
    notes.push(
      'InfluxDB 3 Core: it holds five databases; a question of more than some 72 hours is refused (432 files); ' +
        'where a reading corrects another of the same instant, either may stay',
    );
  }
  return notes;
}

/**
 * Why InfluxQL does not find what was written. 2.x looks a database up among its mappings, virtual ones from 2.4 on,
 * in the organisation of the token; it writes to the bucket of INFLUX_ORG.
 */
export async function explainReadBack(
  { bucket, org }: InfluxTarget,
  prepared: PreparedBucket | undefined,
  version: string,
  call: Call,
): Promise<string> {
  if (version.startsWith('1.')) return 'may INFLUX_TOKEN read the database, and is its default policy one?';
  if (version.startsWith('3.')) return 'may INFLUX_TOKEN read it?';
  const ids = prepared?.ids;
  if (!ids) return `may INFLUX_TOKEN read the bucket, and is it of ${org} (INFLUX_ORG)?`;
  const answer = await call(`/api/v2/dbrps?${new URLSearchParams({ orgID: ids.org, db: bucket })}`);
  const mappings = listIn(await answer.text(), 'content');
  const elsewhere = mappings.find(({ bucketID }) => bucketID !== ids.bucket);
  if (elsewhere) {
    const { id, bucketID } = elsewhere;
    return `a mapping leads to the bucket ${bucketID} and not to ${ids.bucket}: influx v1 dbrp delete --id ${id}`;
  }
  const create = `influx v1 dbrp create --bucket-id ${ids.bucket} --db ${bucket} --rp autogen --default`;
  if (/^2\.[0-3]\./.test(version)) return `${version} has no mapping by itself: ${create}`;
  return `may INFLUX_TOKEN read the bucket, and is it a token of ${org} (INFLUX_ORG)? Else: ${create}`;
}
