import type { z } from 'zod'
import type {
  RegistrarCheck,
  registrarCreate,
  TldPrice,
  tldPriceQuery,
  tldPriceSet,
} from '../../shared/api/domainRegistrars.ts'
import { transaction, type Ctx, type Origin, type Root } from '../context.ts'
import * as registrars from '../db/domainRegistrars.ts'
import type { PriceView } from '../db/domainRegistrars.ts'
import { notFound, AppError } from '../errors.ts'
import type { RegistrarConnection } from '../integrations/registrars/types.ts'
import { newId } from '../lib/ids.ts'
import { toMoney } from '../lib/money.ts'
import { faultOf } from '../lib/outcome.ts'
import * as auditService from './auditService.ts'
import { connectionFor, connectionOf, seedSimulated } from './domains/registrarAccounts.ts'
import { noteHealth } from './domains/registrarBalance.ts'

/** Where domains are registered, and what is asked for it. */
export {
  addRegistrar,
  connectionFor,
  getRegistrar,
  listRegistrars,
  updateRegistrar,
} from './domains/registrarAccounts.ts'
export { hold, isShort, lowBalances, noteHealth, TOO_LITTLE } from './domains/registrarBalance.ts'

/** Tries a connection that was typed. A request waits for these calls: the person who typed it waits for the answer. */
export function checkRegistrarConnection(
  root: Root,
  origin: Origin,
  body: z.infer<typeof registrarCreate>,
): Promise<RegistrarCheck> {
  return check(root, origin, { id: body.name, label: body.name }, connectionOf(body))
}

/** Tries the connection of a registrar that is known, and writes down what came of it. @throws AppError not_found */
export async function checkRegistrar(root: Root, origin: Origin, id: string): Promise<RegistrarCheck> {
  const connection = await transaction(root, origin, 'platform', (ctx) => connectionFor(ctx, id))
  return check(root, origin, { id, label: id }, connection, id)
}

const TIMEOUT_MS = 5_000

async function check(
  root: Root,
  origin: Origin,
  target: { id: string; label: string },
  connection: RegistrarConnection,
  knownId?: string,
): Promise<RegistrarCheck> {
  const registrar = root.vendors.registrar({ ...connection, timeoutMs: TIMEOUT_MS })
  const answer = await registrar.balance()
  const untold = answer.outcome === 'rejected' && answer.code === 'unsupported'
  const problems = answer.outcome === 'ok' || untold ? [] : [faultOf(answer)]
  const balance = answer.outcome === 'ok' ? answer.value : null
  await registrar.close()
  await transaction(root, origin, 'platform', async (ctx) => {
    if (knownId !== undefined) await noteHealth(ctx, knownId, problems[0] ?? null, balance)
    await auditService.record(ctx, {
      action: 'REGISTRAR_CHECKED',
      tenantId: null,
      target: { type: 'registrar', ...target },
      outcome: problems.length === 0 ? 'success' : 'error',
      details: { problems },
    })
  })
  return { problems, balance: balance && toMoney(balance.amountMinor, balance.currency) }
}

const presentPrice = (row: PriceView): TldPrice => ({
  id: row.id,
  registrarId: row.account_id,
  registrarName: row.account_name,
  tld: row.tld,
  operation: row.operation,
  years: row.years,
  cost: toMoney(row.cost_minor, row.currency),
  margin: toMoney(row.margin_minor, row.currency),
  price: toMoney(row.price_minor, row.currency),
  createdAt: row.created_at.toISOString(),
})

export async function listPrices(ctx: Ctx, query: z.infer<typeof tldPriceQuery>) {
  const page = await registrars.listPrices(ctx.tx, query)
  return { items: page.items.map(presentPrice), nextCursor: page.nextCursor }
}

const wordsOf = (price: PriceView): string => `.${price.tld} ${price.operation} ${price.years}`

/** Says what a deed costs and is sold for; a price that is there is replaced. @throws AppError not_found, invalid_input */
export async function setPrice(ctx: Ctx, body: z.infer<typeof tldPriceSet>): Promise<TldPrice> {
  if (!(await registrars.find(ctx.tx, body.registrarId))) throw notFound('registrar')
  const [cost, margin] = [BigInt(body.costMinor), BigInt(body.marginMinor)]
  if (cost < 0n || cost + margin < 0n) {
    const message = 'A cost is not less than nothing, and cost and margin together neither.'
    throw new AppError('invalid_input', message, { errors: [{ path: 'marginMinor', message }] })
  }
  const now = ctx.now()
  const id = await registrars.setPrice(ctx.tx, {
    id: newId(),
    account_id: body.registrarId,
    tld: body.tld,
    operation: body.operation,
    years: body.years,
    currency: body.currency,
    cost_minor: cost,
    margin_minor: margin,
    created_at: now,
    updated_at: now,
  })
  const row = await registrars.findPrice(ctx.tx, id)
  if (!row) throw notFound('price')
  await auditService.record(ctx, {
    action: 'TLD_PRICE_SET',
    tenantId: null,
    target: { type: 'tldPrice', id, label: wordsOf(row) },
    details: { cost, margin, currency: body.currency },
  })
  return presentPrice(row)
}

/** What has no price is not sold any more. @throws AppError not_found */
export async function removePrice(ctx: Ctx, id: string): Promise<void> {
  const row = await registrars.findPrice(ctx.tx, id)
  if (!row) throw notFound('price')
  await registrars.removePrice(ctx.tx, id)
  await auditService.record(ctx, {
    action: 'TLD_PRICE_REMOVED',
    tenantId: null,
    target: { type: 'tldPrice', id, label: wordsOf(row) },
  })
}

/** A simulated registry with its first prices, so that everything can be tried. */
export async function seedRegistry(
  ctx: Ctx,
  body: z.infer<typeof registrarCreate>,
  tlds: Record<
    string,
    { createMinor: number; renewMinor: number; transferMinor: number; restoreMinor: number }
  >,
): Promise<string> {
  const { id, isNew } = await seedSimulated(ctx, body)
  if (!isNew) return id
  for (const [tld, costs] of Object.entries(tlds))
    for (const [operation, cost] of [
      ['register', costs.createMinor],
      ['renew', costs.renewMinor],
      ['transferIn', costs.transferMinor],
      ['restore', costs.restoreMinor],
    ] as const)
      for (const currency of ['EUR', 'USD'])
        await setPrice(ctx, {
          registrarId: id,
          tld,
          operation,
          years: 1,
          currency,
          costMinor: String(cost),
          marginMinor: String(Math.ceil(cost / 5)),
        })
  return id
}
