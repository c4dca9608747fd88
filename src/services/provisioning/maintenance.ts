import type { Ctx, Root } from '../../context.ts'
import * as audit from '../../db/audit.ts'
import * as authLog from '../../db/authLog.ts'
import * as passkeys from '../../db/authPasskeys.ts'
import * as sso from '../../db/authSso.ts'
import * as reservations from '../../db/cloudPodReservations.ts'
import * as idempotency from '../../db/idempotency.ts'
import * as mailNotices from '../../db/mailNotices.ts'
import * as mails from '../../db/mails.ts'
import * as automation from '../../db/provisioningAutomation.ts'
import * as history from '../../db/provisioningHistory.ts'
import * as workers from '../../db/provisioningWorkers.ts'
import * as singleUseTokens from '../../db/singleUseTokens.ts'

/** How long a client may repeat a request and get the first answer. */
const IDEMPOTENCY_MS = 48 * 3_600_000

const LOGIN_HISTORY_DAYS = 365
/** The longest that a mailed link counts is three days. */
const KEPT_BODY_DAYS = 7
const MAIL_DAYS = 90
/** What was told is not told again while the same expiry is ahead. */
const NOTICE_DAYS = 400

/** Ends quarantines, forgets old answers and makes the audit log's coming partitions. */
export async function tidy(ctx: Ctx): Promise<void> {
  await reservations.endQuarantines(ctx.tx, ctx.now())
  await idempotency.forgetBefore(ctx.tx, new Date(ctx.now().getTime() - IDEMPOTENCY_MS))
  const before = (days: number): Date => new Date(ctx.now().getTime() - days * 86_400_000)
  await authLog.forgetBefore(ctx.tx, { tries: before(1), history: before(LOGIN_HISTORY_DAYS) })
  await passkeys.forgetChallenges(ctx.tx, ctx.now())
  await mails.forgetBefore(ctx.tx, { bodies: before(KEPT_BODY_DAYS), mails: before(MAIL_DAYS) })
  await mailNotices.forgetBefore(ctx.tx, before(NOTICE_DAYS))
  await singleUseTokens.forgetBefore(ctx.tx, before(30))
  await sso.forgetStates(ctx.tx, ctx.now())
  await workers.forgetBefore(ctx.tx, before(1))
  await history.ensureMonths(ctx.tx, ctx.clock?.aheadMs ?? 0)
  await automation.forgetDeeds(ctx.tx, before(7))
  await audit.ensurePartitions(ctx.tx, ctx.clock?.aheadMs ?? 0)
}

/** So long an ended job stays where those that wait and run are. */
const LIVE_HOURS = 24
const ARCHIVE_BATCH = 500

/** Moves jobs that ended a while ago into the history, each batch in a transaction of its own. */
export async function archiveJobs(root: Root): Promise<void> {
  const before = new Date(root.now().getTime() - LIVE_HOURS * 3_600_000)
  let moved = ARCHIVE_BATCH
  while (moved === ARCHIVE_BATCH)
    moved = await root.db.transaction('platform', (tx) => history.archive(tx, before, ARCHIVE_BATCH))
}
