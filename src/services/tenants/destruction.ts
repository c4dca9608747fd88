import type { Ctx } from '../../context.ts'
import * as closures from '../../db/tenantClosures.ts'
import * as BillingService from '../BillingService.ts'
import * as cloudPodBackupService from '../cloudPodBackupService.ts'
import * as cloudPodService from '../cloudPodService.ts'
import * as cloudPodTemplateService from '../cloudPodTemplateService.ts'
import * as dnsZoneService from '../dnsZoneService.ts'
import type { ClosePayload } from '../tenantQueues.ts'

const BATCH = 50
const REASON = 'The tenant is closed.'

/**
 * Ends the next subscriptions, and orders the destruction of the next pods that have none.
 * @returns whether there may be more
 */
export async function endSome(ctx: Ctx, { tenantId }: ClosePayload): Promise<boolean> {
  const ids = await closures.openSubscriptions(ctx.tx, tenantId, BATCH)
  for (const id of ids)
    await BillingService.cancel(ctx, tenantId, id, { when: 'now', reason: REASON }, { atOnce: true })
  if (ids.length > 0) return true
  const pods = await closures.standingPods(ctx.tx, tenantId, BATCH)
  for (const pod of pods) {
    if (pod.state === 'reserved') await cloudPodService.releaseReserved(ctx, pod, REASON)
    else await cloudPodService.startDestruction(ctx, pod, { atOnce: true })
  }
  return pods.length > 0
}

/**
 * Orders the deletion of the next backups; those that are still being made follow once they are.
 * @returns whether there may be more to order
 */
export async function deleteSomeBackups(ctx: Ctx, { tenantId }: ClosePayload): Promise<boolean> {
  const backups = await cloudPodBackupService.standing(ctx, tenantId, BATCH)
  for (const one of backups) await cloudPodBackupService.retire(ctx, one, 'the tenant is closed')
  return backups.length > 0
}

/** How many backups are not proven gone. */
export const backupsLeft = (ctx: Ctx, { tenantId }: ClosePayload): Promise<number> =>
  cloudPodBackupService.countLeft(ctx, tenantId)

/** Orders the removal of all blueprints that were made of pods. @returns how many are not proven gone */
export const removeTemplates = (ctx: Ctx, { tenantId }: ClosePayload): Promise<number> =>
  cloudPodTemplateService.removeAll(ctx, tenantId)

/** Orders that all zones are taken off their servers; their jobs are waited for like all others. */
export const endZones = (ctx: Ctx, { tenantId }: ClosePayload): Promise<void> =>
  dnsZoneService.endZonesOf(ctx, tenantId)

/** Why the data cannot be erased yet, or null: every pod is proven gone, nothing is held, and no work is going on. */
export async function stillThere(ctx: Ctx, { tenantId }: ClosePayload): Promise<string | null> {
  const held = await closures.held(ctx.tx, tenantId)
  const jobs = await closures.liveJobs(ctx.tx, tenantId, 1)
  const [job] = jobs
  const reasons = [
    ...(held.pods > 0 ? [`${held.pods} CloudPods are not destroyed yet.`] : []),
    ...(held.pods === 0 && held.addresses + held.capacity > 0
      ? ['Addresses or capacity are still held.']
      : []),
    ...(job === undefined
      ? []
      : [
          job.state === 'stuck'
            ? `The job ${job.kind} of ${job.subject_label} is stuck and waits for a person.`
            : `The job ${job.kind} of ${job.subject_label} is not over yet.`,
        ]),
  ]
  return reasons.length === 0 ? null : reasons.join(' ')
}

/** Writes down of each pod when it was read back as gone, before the rows that say so are erased. */
export async function rememberPods(ctx: Ctx, { tenantId, closureId }: ClosePayload): Promise<void> {
  const pods = await closures.gonePods(ctx.tx, tenantId)
  await closures.update(ctx.tx, closureId, { state: 'erasing', pods: JSON.stringify(pods) })
}
