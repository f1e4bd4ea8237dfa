/**
 * What the log asks of PostgreSQL, as SQL, each a statement that is a transaction of its own.
 *
 * The row of the city in `log_ends` is taken first by whoever writes: it orders commits and ids, and it says whose
 * statements count (`writer`, a name for each connection). Invariant: where the writer is another one, nothing is
 * written.
 */

/**
 * Parameters: city, name of a new log, name of this journal, epoch, writer, and the last ids of readings, messages,
 * rejections.
 */
export const CLAIM = `
insert into log_ends (city, log, begun_by, epoch, writer, readings, messages, rejections,
  readings_begin, messages_begin, rejections_begin)
values ($1, $2, $3, $4, $5, $6::bigint, $7::bigint, $8::bigint, $6::bigint, $7::bigint, $8::bigint)
on conflict (city) do update set epoch = excluded.epoch, writer = excluded.writer
where log_ends.epoch <= excluded.epoch
returning log, begun_by, readings::float8, messages::float8, rejections::float8,
  readings_begin::float8, messages_begin::float8, rejections_begin::float8`;

/** Who follows reads where the log stands. Parameters: city. */
export const READ_ENDS = `
select log, begun_by, readings::float8, messages::float8, rejections::float8,
  readings_begin::float8, messages_begin::float8, rejections_begin::float8 from log_ends where city = $1`;

/** Ids up to these are not given (again). Parameters: city, writer, last ids. */
export const RAISE = `
update log_ends set readings = greatest(readings, $3::bigint), messages = greatest(messages, $4::bigint),
  rejections = greatest(rejections, $5::bigint)
where city = $1 and writer = $2 returning 1`;

/**
 * One group commit. What the log has keeps its id; the rest is numbered without a gap. It always writes, if only the
 * city's row: so its commit waits for the standby also where an earlier try had written the entries. What is known is
 * looked up row by row: of a table that was empty when it was planned, a join would read all.
 * Parameters: city, writer, and the rows by column.
 */
export const APPEND = `
with given as (
  select * from unnest($3::text[], $4::text[], $5::float8[], $6::float8[], $7::text[], $8::text[], $9::text[])
    with ordinality as g (series, kind, at, received_at, device, digest, document, position)
), known as (
  select given.*, (
    select log.id from journal_log log
    where log.city = $1 and log.at = given.at and log.device = given.device and log.digest = given.digest
  ) as known_id from given
), fresh as (
  select series, count(*) as n from known where known_id is null group by series
), ends as (
  update log_ends set
    readings = readings + coalesce((select n from fresh where series = 'readings'), 0),
    messages = messages + coalesce((select n from fresh where series = 'messages'), 0),
    rejections = rejections + coalesce((select n from fresh where series = 'rejections'), 0)
  where city = $1 and writer = $2 returning readings, messages, rejections
), numbered as (
  select known.*, (case series when 'readings' then ends.readings when 'messages' then ends.messages
    else ends.rejections end) - count(*) over (partition by series)
    + row_number() over (partition by series order by position) as new_id
  from known cross join ends where known_id is null
), stored as (
  insert into journal_log (city, series, id, kind, at, received_at, device, digest, document)
  select $1, series, new_id, kind, at, received_at, device, digest, document from numbered
)
select (select count(*) from ends)::int as held, array(
  select id::float8 from (
    select position, known_id as id from known where known_id is not null
    union all select position, new_id from numbered
  ) as found order by position
) as ids`;

/** Parameters: city, series, id, limit. */
export const READ_AFTER = `
select id::float8, document from journal_log where city = $1 and series = $2 and id > $3 order by id limit $4`;

/** Parameters: city, series, id. */
export const READ_ONE = `
select at, device, digest from journal_log where city = $1 and series = $2 and id = $3`;

/** Whether a commit of now is on two machines. */
export const FIND_STANDBY = `
select current_setting('synchronous_standby_names') <> '' as is_asked_for,
  exists (select 1 from pg_stat_replication
    where sync_state in ('sync', 'quorum') and state = 'streaming') as is_there,
  exists (select 1 from pg_stat_replication where sync_state is null) as is_hidden`;

/** Where a journal stands. Parameters: city, journal, ids, now. */
export const NOTE_COPY = `
insert into journal_copies (city, journal, readings, messages, rejections, seen_at)
values ($1, $2, $3, $4, $5, $6)
on conflict (city, journal) do update set readings = excluded.readings, messages = excluded.messages,
  rejections = excluded.rejections, seen_at = excluded.seen_at`;

/**
 * A step of the log's retention. What is older than $5 goes, and what is older than $6 where two journals or more have
 * it, seen since $7. Parameters: city, series, keep after this id, rows, and the times.
 */
export const trimStatement = (series: string) => `
with copies as (
  select coalesce(case when count(*) > 1 then min(${series}) end, 0) as through
  from journal_copies where city = $1 and seen_at >= $7::bigint
), oldest as (
  select id, received_at from journal_log where city = $1 and series = $2 and id <= $3 order by id limit $4
), gone as (
  delete from journal_log where city = $1 and series = $2 and id in (
    select id from oldest, copies
    where received_at < $5::float8 or (received_at < $6::float8 and id <= copies.through)
  ) returning 1
)
select count(*)::int as trimmed from gone`;
