/**
 * readOrSalvage: a read of the journal's file; where it finds damage the journal is salvaged, and it is tried once
 * more.
 */
import { JournalError } from '../../journal.ts';
import { isDamage } from '../failure-policy.ts';

export interface ReadOrSalvageOptions {
  readonly salvage: (cause: string) => Promise<void>;
  /** Why nothing can be read any more; undefined while it can. */
  readonly end: () => JournalError | undefined;
}

/** Throws JournalError. */
export async function readOrSalvage<T>(
  read: () => Promise<T>,
  { salvage, end }: ReadOrSalvageOptions,
): Promise<T> {
  try {
    try {
      return await read();
    } catch (error) {
      if (!isDamage(error)) throw error;
      await salvage((error as Error).message);
      return await read();
    }
  } catch (error) {
    const ended = end();
    if (ended) throw ended;
    throw new JournalError('JOURNAL_IO', (error as Error).message, { cause: error });
  }
}
