import type { CustomerData } from '../../../shared/api/customerFiles.ts'
import type { CustomerFilter } from '../../../shared/api/customers.ts'
import { transaction, type Ctx } from '../../context.ts'
import * as merging from '../../db/customerMerge.ts'
import type { ListOptions, PageOf } from '../../db/list.ts'
import { AppError } from '../../errors.ts'
import type { Download } from '../../lib/download.ts'
import { toMoney } from '../../lib/money.ts'
import * as auditService from '../auditService.ts'
import * as BillingService from '../BillingService.ts'
import * as billingTaxService from '../billingTaxService.ts'
import * as cloudPodService from '../cloudPodService.ts'
import { originator } from '../provisioningQueues.ts'
import { isStillPermitted } from '../userRights.ts'
import { writeHead, writeRows } from './csv.ts'
import { listContacts, listNotes } from './file.ts'
import { balancesOf } from './merge.ts'
import { get, getAll, list } from './record.ts'
import { listFields } from './settings.ts'

const PAGE = 200
const ASCENDING = { limit: PAGE, sort: 'createdAt' } as const

/** Everything of a list, page by page. */
async function all<T>(page: (options: ListOptions) => Promise<PageOf<T>>): Promise<T[]> {
  const items: T[] = []
  for (let cursor: string | undefined; ;) {
    const { items: more, nextCursor } = await page({ ...ASCENDING, cursor })
    items.push(...more)
    if (nextCursor === null) return items
    cursor = nextCursor
  }
}

type Wanted = CustomerFilter & { sort: ListOptions['sort']; limit?: number | undefined; bom: boolean }

/** The customers of a list as a CSV file, whatever their number: pages are read as fast as they are taken. */
export async function exportCsv(ctx: Ctx, { sort, limit, bom, ...filter }: Wanted): Promise<Download> {
  const keys = [
    ...new Set((await all((options) => listFields(ctx, options))).map(({ key }) => key)),
  ].toSorted()
  const tenants = ctx.scope === 'platform' ? [null] : ctx.scope
  for (const tenantId of tenants)
    await auditService.record(ctx, {
      action: 'CUSTOMERS_EXPORTED',
      tenantId,
      target: { type: tenantId === null ? 'platform' : 'tenant', id: tenantId ?? 'platform' },
      details: { filter, limit: limit ?? null },
    })
  return {
    name: `customers-${ctx.now().toISOString().slice(0, 10)}.csv`,
    type: 'text/csv; charset=utf-8; header=present',
    content: csvOf(ctx, filter, sort, limit ?? Infinity, keys, bom),
  }
}

async function* csvOf(
  ctx: Ctx,
  filter: CustomerFilter,
  sort: ListOptions['sort'],
  limit: number,
  keys: string[],
  bom: boolean,
): AsyncGenerator<string> {
  yield (bom ? '\uFEFF' : '') + writeHead(keys)
  let left = limit
  for (let cursor: string | undefined; left > 0;) {
    await requireStillPermitted(ctx)
    const options = { sort, cursor, limit: Math.min(PAGE, left) }
    const page = await transaction(ctx, ctx, ctx.scope, (own) => list(own, filter, options))
    if (page.items.length > 0) yield writeRows(page.items, keys)
    if (page.nextCursor === null) return
    cursor = page.nextCursor
    left -= page.items.length
  }
}

/** An export may take minutes: whoever loses the right meanwhile gets no further page. */
async function requireStillPermitted(ctx: Ctx): Promise<void> {
  for (const tenantId of ctx.scope === 'platform' ? [null] : ctx.scope)
    if (!(await isStillPermitted(ctx, originator(ctx), tenantId, { type: 'tenant', id: tenantId })))
      throw new AppError('forbidden', 'The permission customers:export was taken away meanwhile.')
}

/** Everything mPanel holds about a customer, as an answer to the person concerned. @throws AppError not_found */
export async function exportData(ctx: Ctx, tenantId: string, id: string): Promise<CustomerData> {
  const customer = await get(ctx, tenantId, id)
  const ids = await merging.withMerged(ctx.tx, tenantId, id)
  const merged = await getAll(
    ctx,
    tenantId,
    ids.filter((other) => other !== id),
  )
  const mine = { customerId: id }
  const { buyers, payments } = await merging.documents(ctx.tx, tenantId, id)
  await auditService.record(ctx, {
    action: 'CUSTOMER_DATA_EXPORTED',
    tenantId,
    target: { type: 'customer', id, label: customer.name },
  })
  return {
    exportedAt: ctx.now().toISOString(),
    customer,
    merged,
    contacts: await all((options) => listContacts(ctx, tenantId, id, options)),
    notes: await all((options) => listNotes(ctx, tenantId, id, options)),
    taxEvidence: await all((options) => billingTaxService.listEvidence(ctx, tenantId, id, options)),
    subscriptions: await all((options) => BillingService.list(ctx, mine, options)),
    cloudPods: await all((options) => cloudPodService.list(ctx, mine, options)),
    invoices: (await all((options) => BillingService.listInvoices(ctx, mine, options))).map((invoice) => ({
      ...invoice,
      buyer: buyers.get(invoice.id) ?? {},
    })),
    payments: payments.map((one) => ({
      id: one.id,
      amount: toMoney(one.amount_minor, one.currency),
      method: one.method,
      reference: one.external_id,
      status: one.status,
      receivedAt: one.received_at.toISOString(),
    })),
    balances: balancesOf(await merging.balances(ctx.tx, tenantId, id)),
    events: await eventsOf(ctx, ids),
  }
}

async function eventsOf(ctx: Ctx, ids: readonly string[]): Promise<CustomerData['events']> {
  const events: CustomerData['events'] = []
  for (const targetId of ids)
    events.push(
      ...(await all((options) => auditService.list(ctx, { targetId, targetType: 'customer' }, options))),
    )
  return events
}
