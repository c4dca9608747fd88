import type { Buyer, IntegrationPodPut } from '../../../shared/api/integrationPods.ts'
import type { Ctx } from '../../context.ts'
import * as billing from '../../db/billing.ts'
import type { Resources } from '../../db/cloudPodReservations.ts'
import * as sold from '../../db/integrationPods.ts'
import { notFound } from '../../errors.ts'
import { canonicalJson } from '../../lib/canonicalJson.ts'
import * as customerService from '../customerService.ts'

/** What a service is to be: its plan, and the size that it has under it. */
export type Wanted = { planId: string; size: Resources }

/** @throws AppError not_found for a plan that is not sold here, or no more and was not asked for before */
export async function wantedOf(
  ctx: Ctx,
  tenantId: string,
  { planId, size }: IntegrationPodPut,
  before: sold.IntegrationPodRow | undefined,
): Promise<Wanted> {
  const plan = await billing.findPlan(ctx.tx, planId)
  const isOurs = plan !== undefined && (plan.tenant_id ?? tenantId) === tenantId
  if (!isOurs || (plan.state !== 'active' && plan.id !== before?.plan_id)) throw notFound('plan')
  return {
    planId,
    size: {
      cores: size.cores ?? plan.cores,
      memoryMb: size.memoryMb ?? plan.memory_mb,
      diskGb: size.diskGb ?? plan.disk_gb,
    },
  }
}

export const columnsOf = ({ planId, size }: Wanted) => ({
  plan_id: planId,
  cores: size.cores,
  memory_mb: size.memoryMb,
  disk_gb: size.diskGb,
})

/** The customer with the buyer's reference, made or brought up to date; a merged one is whom it was merged into. */
export async function customerOf(ctx: Ctx, tenantId: string, given: Buyer | null): Promise<string | null> {
  if (given === null) return null
  const { ref, ...person } = given
  const there = await sold.customerOf(ctx.tx, tenantId, ref)
  if (!there) {
    const rest = { language: null, groupId: null, tags: [], taxIds: [], custom: {} }
    const made = await customerService.create(ctx, { tenantId, ...person, ...rest, externalRef: ref })
    return made.id
  }
  if (there.state === 'merged') return there.merged_into
  // A closed or erased customer stays as it is: whether it may order is asked where something is ordered.
  if (there.state === 'active' && there.erased_at === null) {
    const before = await customerService.get(ctx, tenantId, there.id)
    const differs = (Object.keys(person) as (keyof typeof person)[]).some(
      (name) => canonicalJson(person[name]) !== canonicalJson(before[name]),
    )
    if (differs) await customerService.update(ctx, tenantId, there.id, person)
  }
  return there.id
}
