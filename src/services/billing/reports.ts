import type { z } from 'zod'
import type { BillingReport, billingReportQuery } from '../../../shared/api/billingAccounts.ts'
import type { Ctx } from '../../context.ts'
import * as reports from '../../db/billingReports.ts'
import { toMoney } from '../../lib/money.ts'
import { addDays } from '../../lib/period.ts'
import { requirePeriod } from './statements.ts'

/** Figures of the tenants that the caller may see: each is a count of the rows as they are. @throws AppError invalid_input */
export async function report(ctx: Ctx, query: z.infer<typeof billingReportQuery>): Promise<BillingReport> {
  requirePeriod(query)
  const days = { from: query.from, to: addDays(query.to, 1) }
  const { tx, scope } = ctx
  const [recurring, churn, aged, taxes] = [
    await reports.recurring(tx, scope),
    await reports.churn(tx, scope, days),
    await reports.aged(tx, scope, ctx.now().toISOString().slice(0, 10)),
    await reports.taxes(tx, scope, days),
  ]
  return {
    from: query.from,
    to: query.to,
    recurring: recurring.map(({ currency, subscriptions, monthly }) => ({
      currency,
      subscriptions,
      monthly: toMoney(monthly, currency),
      yearly: toMoney(12n * monthly, currency),
    })),
    churn: churn.map((row) => ({
      ...row,
      ratePpm: row.atStart === 0 ? null : Math.round((row.lost * 1_000_000) / row.atStart),
    })),
    receivables: aged.map(({ currency, notDue, to30, to60, to90, over90, total }) => ({
      currency,
      notDue: toMoney(notDue, currency),
      to30: toMoney(to30, currency),
      to60: toMoney(to60, currency),
      to90: toMoney(to90, currency),
      over90: toMoney(over90, currency),
      total: toMoney(total, currency),
    })),
    taxes: taxes.map((row) => ({
      ...row,
      net: toMoney(row.net, row.currency),
      tax: toMoney(row.tax, row.currency),
    })),
  }
}
