import { createHash } from 'node:crypto'
import type { z } from 'zod'
import type { mergeBody, MergePreview } from '../../../shared/api/customerMerge.ts'
import type { Customer } from '../../../shared/api/customers.ts'
import { canCustomer } from '../../../shared/states/customer.ts'
import type { Ctx } from '../../context.ts'
import * as ledger from '../../db/billingLedger.ts'
import { moveMethods } from '../../db/billingProviders.ts'
import * as merging from '../../db/customerMerge.ts'
import * as customers from '../../db/customers.ts'
import { AppError, requireAllowed } from '../../errors.ts'
import { canonicalJson } from '../../lib/canonicalJson.ts'
import { toMoney } from '../../lib/money.ts'
import * as auditService from '../auditService.ts'
import { chosen, differences } from './mergeFields.ts'
import { get, update } from './record.ts'

const SHOWN = 20

/**
 * What merging `from` into a customer would move and change.
 * @throws AppError not_found for either, also when they are of two tenants; invalid_state, conflict for one and the same
 */
export async function previewMerge(
  ctx: Ctx,
  tenantId: string,
  id: string,
  fromId: string,
): Promise<MergePreview> {
  if (id === fromId)
    throw new AppError('conflict', 'A customer cannot be merged into itself: choose another.')
  const into = await get(ctx, tenantId, id)
  const from = await get(ctx, tenantId, fromId)
  requireAllowed(canCustomer.merge(into))
  requireAllowed(canCustomer.merge(from))
  const moves = (await merging.belongings(ctx.tx, tenantId, fromId, SHOWN)).filter(({ count }) => count > 0)
  const money = await merging.balances(ctx.tx, tenantId, fromId)
  const all = {
    into,
    from,
    fields: differences(into, from),
    moves,
    balances: balancesOf(money),
    warnings: warnings(into, from, moves, money),
  }
  return { ...all, token: createHash('sha256').update(canonicalJson(all)).digest('base64url') }
}

const amount = (money: merging.Balance[], account: string, currency: string): bigint =>
  money.find((one) => one.account === account && one.currency === currency)?.amount_minor ?? 0n

/** For each currency what a customer owes and what it has in hand. */
export const balancesOf = (money: merging.Balance[]): MergePreview['balances'] =>
  [...new Set(money.map(({ currency }) => currency))].map((currency) => ({
    owes: toMoney(amount(money, 'receivable', currency), currency),
    credit: toMoney(-amount(money, 'credit', currency), currency),
  }))

const vat = (customer: Customer): string[] =>
  customer.taxIds.filter(({ type }) => type === 'vat').map((one) => one.value)

function warnings(
  into: Customer,
  from: Customer,
  moves: merging.Moved[],
  money: merging.Balance[],
): string[] {
  const has = (kind: string) => moves.some((one) => one.kind === kind)
  const [mine, theirs] = [vat(into), vat(from)]
  const foreign = money.some(({ currency }) => currency !== into.currency)
  return [
    ...(into.currency !== from.currency || foreign
      ? [
          `${into.name} pays in ${into.currency}, ${from.name} in ${from.currency}. ` +
            'Subscriptions, invoices and credit stay in the currency they are in; new orders are in ' +
            `${into.currency}.`,
        ]
      : []),
    ...(mine.length > 0 && theirs.some((one) => !mine.includes(one))
      ? [
          `Both have VAT numbers, and not the same (${mine.join(', ')}; ${theirs.join(', ')}): are they one company?`,
        ]
      : []),
    ...(has('invoices')
      ? [`Invoices that were issued keep the buyer that is printed on them: ${from.name}.`]
      : []),
    ...(into.kind !== from.kind ? ['One is a person, the other a company.'] : []),
  ]
}

/**
 * Folds a customer into another: everything it has belongs to the survivor, and it stays as a row that leads there.
 * @throws AppError those of `previewMerge`; precondition_failed when anything of the preview has changed; invalid_input
 */
export async function merge(
  ctx: Ctx,
  tenantId: string,
  id: string,
  body: z.infer<typeof mergeBody>,
): Promise<Customer> {
  // Always in the same order, so that two merges in opposite directions wait for each other, and one then finds the end.
  for (const one of [id, body.from].toSorted()) await customers.lock(ctx.tx, tenantId, one)
  await merging.lockMoney(ctx.tx, tenantId, body.from)
  const seen = await previewMerge(ctx, tenantId, id, body.from)
  const { token: current } = seen
  if (current !== body.token)
    throw new AppError(
      'precondition_failed',
      'One of the customers was changed meanwhile. Look at the preview again.',
    )
  const { into, from } = seen
  const change = chosen(seen.fields, body.choices, from)
  await merging.markMerged(ctx.tx, from.id, {
    into: id,
    at: ctx.now(),
    keepsRef: change.externalRef === undefined,
  })
  await merging.moveAll(ctx.tx, tenantId, from.id, id)
  await moveMethods(ctx.tx, tenantId, from.id, id)
  await moveBalances(ctx, tenantId, from.id, id)
  const after =
    Object.keys(change).length === 0
      ? into
      : await update(ctx, tenantId, id, change as Parameters<typeof update>[3])
  const details = {
    moved: Object.fromEntries(seen.moves.map(({ kind, count }) => [kind, count])),
    balances: seen.balances,
  }
  await auditService.recordAll(ctx, [
    {
      origin: ctx,
      event: {
        action: 'CUSTOMER_MERGED',
        tenantId,
        target: { type: 'customer', id, label: after.name },
        details: { ...details, from: { id: from.id, name: from.name } },
      },
    },
    {
      origin: ctx,
      event: {
        action: 'CUSTOMER_MERGED_AWAY',
        tenantId,
        target: { type: 'customer', id: from.id, label: from.name },
        diff: { state: [from.state, 'merged'] },
        details: { ...details, into: { id, name: after.name } },
      },
    },
  ])
  return after
}

/** One posting for each currency: what one owed or had in hand, the other does now. A customer is merged once. */
async function moveBalances(ctx: Ctx, tenantId: string, from: string, into: string): Promise<void> {
  const money = await merging.balances(ctx.tx, tenantId, from)
  for (const currency of new Set(money.map((one) => one.currency)))
    await ledger.post(ctx.tx, {
      tenantId,
      kind: `merge:${currency}`,
      source: { type: 'customer', id: from },
      currency,
      at: ctx.now(),
      entries: money
        .filter((one) => one.currency === currency)
        .flatMap(({ account, amount_minor }) => [
          { account, customerId: from, amountMinor: -amount_minor },
          { account, customerId: into, amountMinor: amount_minor },
        ]),
    })
}
