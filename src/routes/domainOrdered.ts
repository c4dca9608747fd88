import { domainOrdered } from '../../shared/api/domainRegistrations.ts'
import type { Ctx } from '../context.ts'
import * as domainRegistrationService from '../services/domainRegistrationService.ts'

/** What all routes have in common by which something is asked of a domain's registry. */
export const DOMAINS = '/api/admin/domains'
export const one = { in: 'object', kind: 'domain' } as const
export const update = { permission: 'domains:update', where: one } as const
export const ordered = { 202: domainOrdered }

type Ordered = Awaited<ReturnType<typeof domainRegistrationService.renew>>
/** What was ordered: with the job, if it does not wait for its payment. */
export async function accepted(ctx: Ctx, tenantId: string, order: Promise<Ordered>) {
  const body = await domainRegistrationService.present(ctx, tenantId, await order)
  const location =
    body.job === null ? `${DOMAINS}/${body.domain.id}` : `/api/admin/provisioning/jobs/${body.job.id}`
  return { status: 202, body, location }
}
