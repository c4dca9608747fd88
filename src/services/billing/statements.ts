import type { z } from 'zod'
import type { CustomerStatement, statementQuery } from '../../../shared/api/billingAccounts.ts'
import type { Ctx } from '../../context.ts'
import * as accounts from '../../db/billingAccounts.ts'
import * as customers from '../../db/customers.ts'
import * as tenants from '../../db/tenants.ts'
import { AppError, notFound } from '../../errors.ts'
import { toMoney } from '../../lib/money.ts'
import { addDays, instantOf } from '../../lib/period.ts'

const MOST = 2_000

/** @throws AppError invalid_input */
export function requirePeriod({ from, to }: { from: string; to: string }): void {
  if (to >= from) return
  const message = 'The last day is before the first one.'
  throw new AppError('invalid_input', message, { errors: [{ path: 'to', message }] })
}

/**
 * What a customer owed and had in hand in a period of the tenant's days, from the ledger: the closing balance is the opening one and
 * all movements. @throws AppError not_found, invalid_input for a period with too many
 */
export async function statement(
  ctx: Ctx,
  tenantId: string,
  customerId: string,
  query: z.infer<typeof statementQuery>,
): Promise<CustomerStatement> {
  requirePeriod(query)
  const customer = await customers.find(ctx.tx, tenantId, customerId)
  const tenant = await tenants.find(ctx.tx, tenantId)
  if (!customer || !tenant) throw notFound('customer')
  const currency = query.currency ?? customer.currency
  const whose = { tenantId, customerId, currency }
  const from = instantOf(query.from, tenant.billing_tz)
  const to = instantOf(addDays(query.to, 1), tenant.billing_tz)
  const opening = await accounts.balanceBefore(ctx.tx, whose, from)
  const rows = await accounts.movements(ctx.tx, whose, { from, to }, MOST + 1)
  if (rows.length > MOST) {
    const message = `There are more than ${MOST} movements: choose fewer days.`
    throw new AppError('invalid_input', message, { errors: [{ path: 'from', message }] })
  }
  let balance = opening
  const movements = rows.map(({ at, kind, label, amount_minor }) => {
    balance += amount_minor
    return {
      at: at.toISOString(),
      kind,
      label,
      amount: toMoney(amount_minor, currency),
      balance: toMoney(balance, currency),
    }
  })
  return {
    customer: { id: customerId, name: customer.name },
    from: query.from,
    to: query.to,
    timeZone: tenant.billing_tz,
    opening: toMoney(opening, currency),
    movements,
    closing: toMoney(balance, currency),
  }
}
