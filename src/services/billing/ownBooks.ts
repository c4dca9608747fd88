import { BILLING_FINDING_KINDS, type BillingFindingKind } from '../../../shared/states/billingFinding.ts'
import type { Ctx } from '../../context.ts'
import * as books from '../../db/billingBooks.ts'
import { formatMoney } from '../../lib/money.ts'
import * as tenantScopeService from '../tenantScopeService.ts'
import * as settingsService from '../tenantSettingsService.ts'
import { settle, type Difference } from './findings.ts'
import { isRecordedElsewhere } from './providers.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

type Look = (ctx: Ctx, tenantId: string) => Promise<Omit<Difference, 'kind'>[]>

/** What is found out from the tenant's own rows, by kind. */
const BOOKS: Partial<Record<BillingFindingKind, Look>> = {
  ledger_unbalanced: async ({ tx }, tenantId) =>
    (await books.unbalanced(tx, tenantId)).map(({ id, kind, at, currency, minor }) => ({
      key: `${id}:${currency}`,
      subject: { type: 'ledger', id: null },
      label: `Posting ${kind} of ${at.toISOString().slice(0, 10)}`,
      expected: 'Its entries sum to zero.',
      found: `They sum to ${formatMoney(minor, currency)}.`,
    })),
  receivable_differs: async ({ tx }, tenantId) =>
    (await books.receivables(tx, tenantId)).map(({ customer_id: id, currency, here, there }) => ({
      key: `${id}:${currency}`,
      subject: { type: 'customer', id },
      label: `Receivable in ${currency}`,
      expected: `His invoices say that ${formatMoney(there, currency)} are open.`,
      found: `The ledger says ${formatMoney(here, currency)}.`,
    })),
  cash_differs: async ({ tx }, tenantId) =>
    (await books.cash(tx, tenantId)).map(({ currency, here, there }) => ({
      key: currency,
      subject: { type: 'ledger', id: null },
      label: `Money in ${currency}`,
      expected: `Payments, refunds and disputes come to ${formatMoney(there, currency)}.`,
      found: `The ledger says ${formatMoney(here, currency)}.`,
    })),
  invoice_differs: async ({ tx }, tenantId) =>
    (await books.invoices(tx, tenantId)).map((row) => {
      const money = (minor: bigint): string => formatMoney(minor, row.currency)
      const [expected, found] =
        row.total !== row.lines
          ? [
              `Its lines come to ${money(row.lines)}.`,
              `The invoice says that its total is ${money(row.total)}.`,
            ]
          : row.credited !== row.notes
            ? [
                `Its credit notes come to ${money(row.notes)}.`,
                `The invoice says that ${money(row.credited)} are credited.`,
              ]
            : [
                `Payments and credit for it come to ${money(row.came)}${row.back > 0n ? `, of which up to ${money(row.back)} went back` : ''}.`,
                `The invoice says that ${money(row.paid)} are paid.`,
              ]
      return { key: row.id, subject: { type: 'invoice', id: row.id }, label: row.number, expected, found }
    }),
  number_gap: async ({ tx }, tenantId) =>
    (await books.gaps(tx, tenantId)).map(({ id, kind, count, first }) => ({
      key: id,
      subject: { type: 'series', id: null },
      label: kind === 'invoice' ? 'Numbers of invoices' : 'Numbers of credit notes',
      expected: 'Every number that was given out has its document.',
      found: `${count} have none: ${first.join(', ')}${count > first.length ? ' and others' : ''}.`,
    })),
  runs_after_end: async ({ tx }, tenantId) =>
    (await books.outlived(tx, tenantId)).map(({ id, label, state, pod, pod_state, ended }) => ({
      key: pod,
      subject: { type: 'subscription', id },
      label,
      expected: `The subscription is ${state} since ${ended.toISOString().slice(0, 10)}: there is no pod.`,
      found: `Its pod is ${pod_state}.`,
    })),
}

const said = (state: string): string => state.replaceAll('_', ' ')

/** What nobody mends while the tenant is suspended, since nothing is billed or delivered then. */
const CONTRACTS: Partial<Record<BillingFindingKind, Look>> = {
  not_delivered: async (ctx, tenantId) => {
    const { 'automation.waitingMinutes': minutes } = await settingsService.effective(ctx, null)
    const since = new Date(ctx.now().getTime() - Number(minutes.value) * MINUTE_MS)
    const rows = await books.undelivered(ctx.tx, tenantId, since)
    return rows.map(({ id, label, state, problem }) => ({
      key: id,
      subject: { type: 'subscription', id },
      label,
      expected: `The subscription is ${said(state)}, and paid: it has a pod.`,
      found: problem ?? 'There is no pod.',
    }))
  },
  not_billed: async (ctx, tenantId) => {
    if (await isRecordedElsewhere(ctx, tenantId)) return []
    const since = new Date(ctx.now().getTime() - DAY_MS)
    return (await books.unbilled(ctx.tx, tenantId, since)).map(({ id, label, state, until }) => ({
      key: id,
      subject: { type: 'subscription', id },
      label,
      expected: `The subscription is ${said(state)}: its present period has an invoice.`,
      found:
        until <= since
          ? `The last period that began ended on ${until.toISOString().slice(0, 10)}.`
          : 'There is none, or it was taken back.',
    }))
  },
  suspended_though_paid: async (ctx, tenantId) => {
    const since = new Date(ctx.now().getTime() - HOUR_MS)
    return (await books.stopped(ctx.tx, tenantId, since)).map(({ id, label, state }) => ({
      key: id,
      subject: { type: 'subscription', id },
      label,
      expected: 'Nothing is overdue: the pod runs.',
      found:
        state === 'suspended' || state === 'suspending' || state === 'unsuspending'
          ? `The subscription is ${state}.`
          : `The subscription is ${state}, and its pod is held as if something were owed.`,
    }))
  },
}

/** Compares ledger, documents and contracts of a tenant with each other. */
export async function compareOwn(ctx: Ctx, tenantId: string): Promise<void> {
  const looks = (await tenantScopeService.isActive(ctx, tenantId)) ? { ...BOOKS, ...CONTRACTS } : BOOKS
  for (const kind of BILLING_FINDING_KINDS) {
    const seen = (await looks[kind]?.(ctx, tenantId))?.map((one) => ({ ...one, kind }))
    if (seen === undefined) continue
    await settle(ctx, { tenantId, kinds: [kind], providerId: null }, seen, seen.length >= books.MOST)
  }
}
