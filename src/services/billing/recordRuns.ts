import type { z } from 'zod'
import type {
  BillingRecordRun,
  billingRecordInvoice,
  billingRecordReport,
  billingRecordService,
} from '../../../shared/api/billingRecords.ts'
import type { Job } from '../../../shared/api/provisioning.ts'
import { asSystem, type Ctx, type Root } from '../../context.ts'
import { endRun } from '../../db/billingRuns.ts'
import * as providers from '../../db/billingProviders.ts'
import type { ProviderRow } from '../../db/billingProviders.ts'
import * as records from '../../db/billingRecords.ts'
import type { InvoiceView, RecordFilter, RunRow, ServiceView } from '../../db/billingRecords.ts'
import { violatedConstraint } from '../../db/index.ts'
import type { ListOptions } from '../../db/list.ts'
import { AppError, notFound } from '../../errors.ts'
import type { RecordClient, RecordInvoice, RecordService } from '../../integrations/billing/types.ts'
import { newId } from '../../lib/ids.ts'
import { toMoney } from '../../lib/money.ts'
import * as auditService from '../auditService.ts'
import { enqueueRecordRun } from '../billingQueues.ts'
import * as provisioningService from '../provisioningService.ts'
import { paidOf, takeClient, takeInvoice, takeService, type Mode, type Taken } from './recordTaking.ts'

export type Report = z.infer<typeof billingRecordReport>

const present = (row: RunRow): BillingRecordRun => ({
  id: row.id,
  tenantId: row.tenant_id,
  providerId: row.provider_id,
  mode: row.mode,
  state: row.state,
  report: row.report as Report | null,
  problem: row.problem,
  createdAt: row.created_at.toISOString(),
  endedAt: row.ended_at?.toISOString() ?? null,
})

export async function listRuns(ctx: Ctx, filter: RecordFilter, options: ListOptions) {
  const page = await records.listRuns(ctx.tx, ctx.scope, filter, options)
  return { items: page.items.map(present), nextCursor: page.nextCursor }
}

const presentInvoice = (row: InvoiceView): z.infer<typeof billingRecordInvoice> => ({
  id: row.id,
  tenantId: row.tenant_id,
  providerId: row.provider_id,
  customer: { id: row.customer_id, name: row.customer_name },
  number: row.number,
  status: row.status,
  issued: row.issued,
  due: row.due,
  total: toMoney(row.total_minor, row.currency),
  tax: toMoney(row.tax_minor, row.currency),
  paid: toMoney(row.paid_minor, row.currency),
  goneAt: row.gone_at?.toISOString() ?? null,
  createdAt: row.created_at.toISOString(),
})

export async function listRecordInvoices(ctx: Ctx, filter: RecordFilter, options: ListOptions) {
  const page = await records.listInvoices(ctx.tx, ctx.scope, filter, options)
  return { items: page.items.map(presentInvoice), nextCursor: page.nextCursor }
}

const presentService = (row: ServiceView): z.infer<typeof billingRecordService> => ({
  id: row.id,
  tenantId: row.tenant_id,
  providerId: row.provider_id,
  customer: { id: row.customer_id, name: row.customer_name },
  ref: row.external_id,
  product: row.product,
  name: row.name,
  status: row.status,
  recurring: toMoney(row.recurring_minor, row.currency),
  cycle: row.cycle,
  nextDue: row.next_due,
  podId: row.pod_id,
  goneAt: row.gone_at?.toISOString() ?? null,
  createdAt: row.created_at.toISOString(),
})

export async function listRecordServices(ctx: Ctx, filter: RecordFilter, options: ListOptions) {
  const page = await records.listServices(ctx.tx, ctx.scope, filter, options)
  return { items: page.items.map(presentService), nextCursor: page.nextCursor }
}

/**
 * Begins to read all books of a provider: to compare them with what mPanel has, or to take over what is new.
 * @throws AppError not_found, invalid_state for one that keeps none, or when they are being read
 */
export async function beginRun(
  ctx: Ctx,
  providerId: string,
  mode: Mode,
): Promise<{ run: BillingRecordRun; job: Job }> {
  const provider = await providers.find(ctx.tx, providerId)
  if (!provider) throw notFound('payment provider')
  const { tenant_id: tenantId } = provider
  if (provider.retired_at !== null) throw new AppError('invalid_state', 'This provider is no longer used.')
  if (provider.kind !== 'whmcs' || tenantId === null)
    throw new AppError(
      'invalid_state',
      'This provider keeps no books of its own: there is nothing to import.',
    )
  const row = await records
    .insertRun(ctx.tx, {
      id: newId(),
      tenant_id: tenantId,
      provider_id: providerId,
      mode,
      look: await providers.takeLook(ctx.tx),
      created_at: ctx.now(),
    })
    .catch((error: unknown) => {
      if (violatedConstraint(error) !== 'billing_record_runs_one') throw error
      throw new AppError('invalid_state', 'Its books are being read: wait until that has ended.')
    })
  await auditService.record(ctx, {
    action: mode === 'check' ? 'BILLING_RECORD_CHECKED' : 'BILLING_RECORD_TAKEN',
    tenantId,
    target: { type: 'billingProvider', id: providerId, label: provider.kind },
    details: { run: row.id },
  })
  const job = await enqueueRecordRun(ctx, { id: row.id, tenantId, providerId })
  return { run: present(row), job: await provisioningService.getJob(ctx, job.id) }
}

export type OpenRun = { runId: string; tenantId: string; providerId: string; mode: Mode; look: string }

/** @throws AppError not_found */
export async function openRun(ctx: Ctx, tenantId: string, runId: string): Promise<OpenRun> {
  const row = await records.findRun(ctx.tx, tenantId, runId)
  if (!row) throw notFound('reading of the books')
  return { runId, tenantId, providerId: row.provider_id, mode: row.mode, look: String(row.look) }
}

/** What of the books a page has, by its kind. */
export type PageOfBooks =
  | { of: 'clients'; items: RecordClient[] }
  | { of: 'services'; items: RecordService[] }
  | { of: 'invoices'; items: RecordInvoice[] }

const MAX_WORDS = 200
export const emptyReport = (): Report => ({
  counts: {},
  there: {},
  here: {},
  gone: 0,
  words: [],
  more: 0,
  clean: true,
})

function count(report: Report, of: string, { what, words }: Taken): void {
  const counts = (report.counts[of] ??= {})
  counts[what] = (counts[what] ?? 0) + 1
  if (words === null) return
  if (report.words.length < MAX_WORDS) report.words.push(words)
  else report.more++
}

type Sums = Report['there'][string]
function add(report: Report, currency: string, more: Partial<Record<keyof Sums, bigint>>): void {
  const sums = (report.there[currency] ??= { invoiced: '0', paid: '0', recurring: '0' })
  for (const [name, minor] of Object.entries(more) as [keyof Sums, bigint][])
    sums[name] = String(BigInt(sums[name]) + minor)
}

/** Compares a page of the books, or takes it over, in one transaction; what comes of it is added to the report. */
export async function takePage(ctx: Ctx, run: OpenRun, page: PageOfBooks, report: Report): Promise<void> {
  const provider = await providers.find(ctx.tx, run.providerId)
  if (!provider) throw notFound('payment provider')
  const of = { ctx, provider, tenantId: run.tenantId, mode: run.mode, look: BigInt(run.look) }
  if (page.of === 'clients') for (const one of page.items) count(report, page.of, await takeClient(of, one))
  if (page.of === 'services')
    for (const one of page.items) {
      count(report, page.of, await takeService(of, one))
      if (one.status === 'active' || one.status === 'suspended')
        add(report, one.currency, { recurring: one.recurringMinor })
    }
  if (page.of === 'invoices')
    for (const one of page.items) {
      count(report, page.of, await takeInvoice(of, one))
      if (one.mark === null) add(report, one.currency, { invoiced: one.totalMinor, paid: paidOf(one) })
    }
}

/** Ends a reading: what was not there any more is marked, and both sides are summed. */
export async function finishRun(ctx: Ctx, run: OpenRun, report: Report): Promise<void> {
  const { providerId, runId, mode } = run
  const at = ctx.now()
  const which = { providerId, look: BigInt(run.look), at }
  if (mode === 'take' && report.clean)
    report.gone =
      (await records.markGone(ctx.tx, 'billing_record_services', which)) +
      (await records.markGone(ctx.tx, 'billing_record_invoices', which))
  for (const { currency, invoiced, paid, recurring } of await records.totalsOf(ctx.tx, providerId))
    report.here[currency] = { invoiced: String(invoiced), paid: String(paid), recurring: String(recurring) }
  await endRun(ctx.tx, 'billing_record_runs', runId, {
    state: 'done',
    report: JSON.stringify(report),
    problem: null,
    at,
  })
  if (mode === 'take') await records.noteRead(ctx.tx, providerId, at)
}

export const failRun = (ctx: Ctx, runId: string, problem: string): Promise<void> =>
  endRun(ctx.tx, 'billing_record_runs', runId, { state: 'failed', report: null, problem, at: ctx.now() })

const DAY_MS = 86_400_000

/** Once a day all books that count are read: a message may have been lost. */
export const readDue = (root: Root): Promise<void> =>
  asSystem(root, 'billing', 'platform', async (ctx) => {
    for (const { id } of await records.dueForReading(ctx.tx, new Date(ctx.now().getTime() - DAY_MS)))
      await beginRun(ctx, id, 'take')
  })

/** One thing of the books that a message was about. `client`: whose it is, for one who is no customer yet. */
export type RecordSeen = {
  look: string
  client: RecordClient | null
  service?: RecordService
  invoice?: RecordInvoice
}

/** @returns why it is put aside, if it is */
export async function takeSeen(ctx: Ctx, provider: ProviderRow, seen: RecordSeen): Promise<string | null> {
  const { tenant_id: tenantId } = provider
  if (provider.authority !== 'provider' || tenantId === null)
    return 'WHMCS has made it itself, and mPanel’s own invoices count here.'
  const of = { ctx, provider, tenantId, mode: 'take', look: BigInt(seen.look) } as const
  const taken: Taken[] = []
  if (seen.client) taken.push(await takeClient(of, seen.client))
  if (seen.service) taken.push(await takeService(of, seen.service))
  if (seen.invoice) taken.push(await takeInvoice(of, seen.invoice))
  return taken.find(({ what }) => what === 'aside')?.words ?? null
}
