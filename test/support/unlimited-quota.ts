/** A quota that nobody reaches, for tests of other things. */
import type { Quota } from '../../ingest/quota.ts';

export const unlimitedQuota: Quota = {
  spend: () => undefined,
  spendMessage: () => undefined,
};
