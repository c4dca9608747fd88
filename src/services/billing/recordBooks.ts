import type { Ctx } from '../../context.ts'
import * as records from '../../db/billingRecords.ts'
import * as reconciling from '../../db/billingReconciling.ts'
import type { RecordInvoice } from '../../integrations/billing/types.ts'
import { formatMoney } from '../../lib/money.ts'
import { providerRow } from './asking.ts'
import { settle, type Difference } from './findings.ts'
import { paidOf, takeInvoice } from './recordTaking.ts'

export type RecordsOf = { tenantId: string; providerId: string }

const worded = (of: { status: string; total: bigint; paid: bigint; currency: string }): string =>
  `${of.status}, ${formatMoney(of.total, of.currency)} in total, ${formatMoney(of.paid, of.currency)} paid`

/** Invoices of a provider's own books of which mPanel has something else, or nothing. Those that mPanel has made there are payments. */
export async function compareRecords(
  ctx: Ctx,
  { tenantId, providerId }: RecordsOf,
  invoices: readonly RecordInvoice[],
): Promise<Difference[]> {
  const provider = await providerRow(ctx, providerId)
  const of = { ctx, provider, tenantId, mode: 'check', look: 0n } as const
  const seen: Difference[] = []
  for (const invoice of invoices) {
    const { what } = await takeInvoice(of, invoice)
    if (what !== 'changed' && what !== 'new') continue
    const row = await records.findInvoice(ctx.tx, providerId, invoice.ref)
    const { status, currency, totalMinor, number } = invoice
    const there = worded({ status, currency, total: totalMinor, paid: paidOf(invoice) })
    const here =
      row &&
      worded({ status: row.status, currency: row.currency, total: row.total_minor, paid: row.paid_minor })
    seen.push({
      kind: 'record_differs',
      key: invoice.ref,
      subject: { type: 'provider', id: providerId },
      label: `Invoice ${number}`,
      expected: `There: ${there}.`,
      found: here === undefined ? 'mPanel has not read it.' : here === there ? OTHERWISE : `Here: ${here}.`,
    })
  }
  return seen
}

const OTHERWISE = 'Here it has another customer, number, date, tax or credit.'

/** What is kept here as if it were there. @param refs of all that is there */
export async function goneRecords(
  ctx: Ctx,
  { providerId }: RecordsOf,
  refs: ReadonlySet<string>,
): Promise<Difference[]> {
  const kept = await reconciling.recordedInvoices(ctx.tx, providerId)
  return kept
    .filter(({ ref }) => !refs.has(ref))
    .map(({ ref, number }) => ({
      kind: 'record_differs',
      key: ref,
      subject: { type: 'provider', id: providerId },
      label: `Invoice ${number}`,
      expected: 'WHMCS has no such invoice any more.',
      found: 'Here it is kept as if it had.',
    }))
}

/** @param whole whether everything was read while nothing moved: only then is anything settled */
export const settleRecords = (
  ctx: Ctx,
  { tenantId, providerId }: RecordsOf,
  seen: readonly Difference[],
  whole: boolean,
): Promise<void> => settle(ctx, { tenantId, kinds: ['record_differs'], providerId }, seen, !whole)
