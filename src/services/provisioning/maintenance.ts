import type { Ctx } from '../../context.ts'
import * as audit from '../../db/audit.ts'
import * as reservations from '../../db/cloudPodReservations.ts'
import * as idempotency from '../../db/idempotency.ts'

/** How long a client may repeat a request and get the first answer. */
const IDEMPOTENCY_MS = 48 * 3_600_000

/** Ends quarantines, forgets old answers and makes the audit log's coming partitions. */
export async function tidy(ctx: Ctx): Promise<void> {
  await reservations.endQuarantines(ctx.tx, ctx.now())
  await idempotency.forgetBefore(ctx.tx, new Date(ctx.now().getTime() - IDEMPOTENCY_MS))
  await audit.ensurePartitions(ctx.tx)
}
