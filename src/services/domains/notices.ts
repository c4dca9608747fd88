import type { Ctx, Root } from '../../context.ts'
import * as customers from '../../db/customers.ts'
import type { DomainRow } from '../../db/domains.ts'
import * as notices from '../../db/mailNotices.ts'
import type { Expiring } from '../../db/mailNotices.ts'
import * as mailNoticeService from '../mailNoticeService.ts'
import * as mailService from '../mailService.ts'

const AT_ONCE = 500

const dayOf = (date: Date): string => date.toISOString().slice(0, 10)

/** Tells customers and operators of domains that will expire unless somebody does something. */
export const tellExpiring = (root: Root): Promise<void> =>
  mailNoticeService.tellTenants(root, {
    label: 'domains.notices',
    fault: 'nobody could be told of domains that expire',
    due: ({ tx, now }) => notices.expiring(tx, now(), AT_ONCE),
    tell: tellOf,
  })

async function tellOf(ctx: Ctx, tenantId: string): Promise<void> {
  const told: Expiring[] = []
  for (const row of await notices.expiring(ctx.tx, ctx.now(), AT_ONCE, tenantId)) {
    const event = { kind: 'domain_expiry', tenantId, subjectId: row.id, event: row.event } as const
    if (!(await mailNoticeService.claim(ctx, event))) continue
    told.push(row)
    await tellCustomer(ctx, row)
  }
  const news = told.filter((row) => !row.operators_know)
  if (news.length === 0) return
  await mailNoticeService.toOperators(ctx, tenantId, 'domains:update', 'domainsExpire', {
    domains: news.map((row) => ({
      name: row.unicode_name,
      expiresOn: dayOf(row.expires_at),
      why: row.why,
    })),
  })
}

/** Whose data were erased is not written to. The invoice of a renewal that waits goes along. */
async function tellCustomer(ctx: Ctx, row: Expiring): Promise<void> {
  if (row.customer_id === null) return
  const customer = await customers.find(ctx.tx, row.tenant_id, row.customer_id)
  if (!customer || customer.erased_at !== null) return
  await mailService.send(
    ctx,
    { email: customer.email, tenantId: row.tenant_id, language: customer.language },
    'domainExpires',
    { name: row.unicode_name, expiresOn: dayOf(row.expires_at), why: row.why },
    row.invoice_id === null ? null : { invoiceId: row.invoice_id },
  )
}

/** Tells the operators that a domain was not renewed. @param event what names this failure among those of the domain */
export async function tellRenewalFailed(
  ctx: Ctx,
  domain: Pick<DomainRow, 'id' | 'tenant_id' | 'unicode_name' | 'expires_at'>,
  event: string,
  reason: string,
): Promise<void> {
  const { id: subjectId, tenant_id: tenantId, expires_at: expiresAt } = domain
  if (!(await mailNoticeService.claim(ctx, { kind: 'domain_renewal_failed', tenantId, subjectId, event })))
    return
  await mailNoticeService.toOperators(ctx, tenantId, 'domains:update', 'domainRenewalFailed', {
    name: domain.unicode_name,
    expiresOn: expiresAt && dayOf(expiresAt),
    reason,
  })
}
