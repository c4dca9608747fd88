import type { Ctx } from '../../context.ts'
import * as operations from '../../db/domainOperations.ts'
import * as jobActions from '../../db/provisioningJobActions.ts'
import * as registrars from '../../db/domainRegistrars.ts'
import type { AccountRow } from '../../db/domainRegistrars.ts'
import type { RegistryMessage } from '../../integrations/registrars/types.ts'
import { formatMoney, toMoney } from '../../lib/money.ts'
import * as auditService from '../auditService.ts'
import * as mailNoticeService from '../mailNoticeService.ts'

/** Whether a registrar can be asked, and what is left in our account there. */

/** As tenants read it: how much is left is the platform's affair. */
export const TOO_LITTLE = 'The registrar’s account has too little money: it goes on when that is filled.'

type Left = { amountMinor: bigint; limitMinor: bigint | null }

/** Below what there is too little: what we say or what the registry says, the higher one. */
const limitOf = (row: Pick<AccountRow, 'low_balance_minor' | 'registry_limit_minor'>): bigint | null => {
  const [own, theirs] = [row.low_balance_minor, row.registry_limit_minor]
  if (own === null || theirs === null) return own ?? theirs
  return own > theirs ? own : theirs
}

/**
 * Writes down whether a registrar can be asked, and what is left in the account. That it has become low is told once; it is low
 * until there is more again, and no order waits for that any more. With more in it, those that waited go on.
 * @param left null: it was not told now
 */
export async function noteHealth(
  ctx: Ctx,
  id: string,
  problem: string | null,
  left: Left | null,
): Promise<void> {
  const row = await registrars.lock(ctx.tx, id)
  if (!row) return
  const now = ctx.now()
  const after = { ...row, registry_limit_minor: left?.limitMinor ?? row.registry_limit_minor }
  const limit = limitOf(after)
  const hasHeld = await registrars.isHeld(ctx.tx, id)
  const isLow = left !== null && ((limit !== null && left.amountMinor < limit) || hasHeld)
  await registrars.update(ctx.tx, id, {
    health: problem === null ? 'ok' : 'failing',
    health_message: problem,
    checked_at: now,
    ...(left !== null && {
      balance_minor: left.amountMinor,
      balance_at: now,
      registry_limit_minor: after.registry_limit_minor,
      balance_low_at: isLow ? (row.balance_low_at ?? now) : null,
    }),
  })
  if (left === null) return
  const hasMore = row.balance_minor === null || left.amountMinor > row.balance_minor
  if (hasHeld && hasMore)
    for (const jobId of await registrars.heldJobs(ctx.tx, id)) await jobActions.goOn(ctx.tx, jobId, ctx.actor)
  if (isLow && row.balance_low_at === null) await tellLow(ctx, row, left.amountMinor, limit)
  if (!isLow && row.balance_low_at !== null)
    await say(ctx, row, 'REGISTRAR_BALANCE_ENOUGH', left.amountMinor, limit)
}

const say = (
  ctx: Ctx,
  row: AccountRow,
  action: string,
  balance: bigint | null,
  low: bigint | null,
): Promise<void> =>
  auditService.record(ctx, {
    action,
    tenantId: null,
    target: { type: 'registrar', id: row.id, label: row.name },
    details: { balance, low, currency: row.currency },
  })

async function tellLow(ctx: Ctx, row: AccountRow, balance: bigint | null, low: bigint | null): Promise<void> {
  await say(ctx, row, 'REGISTRAR_BALANCE_LOW', balance, low)
  const moneyOf = (minor: bigint | null) => (minor === null ? null : toMoney(minor, row.currency))
  await mailNoticeService.toOperators(ctx, null, 'infrastructure:manage', 'registrarBalanceLow', {
    registrar: row.name,
    balance: moneyOf(balance),
    limit: moneyOf(low),
  })
}

/** The registry has said by itself that there is too little. What is left is read right after it, where it can be. */
export async function noteWarning(
  ctx: Ctx,
  id: string,
  { balance }: Pick<RegistryMessage, 'balance'>,
): Promise<void> {
  const row = await registrars.lock(ctx.tx, id)
  if (!row) return
  const limit = balance?.limitMinor ?? row.registry_limit_minor
  await registrars.update(ctx.tx, id, {
    registry_limit_minor: limit,
    balance_low_at: row.balance_low_at ?? ctx.now(),
    ...(balance && { balance_minor: balance.amountMinor, balance_at: ctx.now() }),
  })
  if (row.balance_low_at === null)
    await tellLow(
      ctx,
      row,
      balance?.amountMinor ?? row.balance_minor,
      limitOf({ ...row, registry_limit_minor: limit }),
    )
}

/** An order was refused because the account has too little: it waits until there is more, and the account is told to be low. */
export async function hold(
  ctx: Ctx,
  tenantId: string,
  { operationId, accountId }: { operationId: string; accountId: string },
  left: Left | null,
): Promise<void> {
  const operation = await operations.lock(ctx.tx, tenantId, operationId)
  if (!operation || operation.ended_at !== null) return
  await operations.update(ctx.tx, operationId, {
    held_at: operation.held_at ?? ctx.now(),
    held_balance_minor: left?.amountMinor ?? null,
    words: TOO_LITTLE,
    updated_at: ctx.now(),
  })
  const row = await registrars.lock(ctx.tx, accountId)
  if (!row) return
  const limit = left?.limitMinor ?? row.registry_limit_minor
  await registrars.update(ctx.tx, accountId, {
    balance_low_at: row.balance_low_at ?? ctx.now(),
    registry_limit_minor: limit,
    ...(left && { balance_minor: left.amountMinor, balance_at: ctx.now() }),
  })
  if (row.balance_low_at === null)
    await tellLow(ctx, row, left?.amountMinor ?? null, limitOf({ ...row, registry_limit_minor: limit }))
}

/** Whether an order was refused for want of money, and there is no more in the account since, as far as is known. */
export async function isShort(ctx: Ctx, tenantId: string, operationId: string): Promise<boolean> {
  const operation = await operations.find(ctx.tx, tenantId, operationId)
  const held = operation?.held_at === null ? null : (operation?.held_balance_minor ?? null)
  if (!operation || held === null) return false
  const account = await registrars.find(ctx.tx, operation.account_id)
  return account?.balance_minor !== null && account !== undefined && account.balance_minor <= held
}

/** Accounts with too little in them, each in a sentence for whoever runs the platform. */
export async function lowBalances(ctx: Ctx): Promise<{ id: string; words: string }[]> {
  return (await registrars.lowBalances(ctx.tx)).map((row) => {
    const limit = limitOf(row)
    const left = row.balance_minor === null ? 'Too little' : formatMoney(row.balance_minor, row.currency)
    const below = limit === null ? '' : ` (low is below ${formatMoney(limit, row.currency)})`
    const held = row.held === 0 ? '' : ` ${row.held} order(s) wait for it.`
    return {
      id: row.id,
      words: `The account at ${row.name} needs money: ${left} is left${below}.${held} Pay in at the registrar.`,
    }
  })
}
