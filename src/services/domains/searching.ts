import type { z } from 'zod'
import type { DomainSearch, domainSearchRequest } from '../../../shared/api/domainRegistrations.ts'
import { transaction, type Origin, type Root } from '../../context.ts'
import * as premium from '../../db/domainPremium.ts'
import * as registrars from '../../db/domainRegistrars.ts'
import type { AccountView, Offer, PaidOperation } from '../../db/domainRegistrars.ts'
import { AppError, notFound } from '../../errors.ts'
import type { Availability } from '../../integrations/registrars/types.ts'
import { isLost, SecretLost } from '../../lib/crypto.ts'
import { displayName } from '../../lib/dns/names.ts'
import { toMoney } from '../../lib/money.ts'
import { faultOf } from '../../lib/outcome.ts'
import { readDomainName } from './names.ts'
import { pricesFrom, withMargin } from './premium.ts'
import { connectionFor } from './registrarAccounts.ts'

const TIMEOUT_MS = 5_000
/** Names in one search. */
const MOST = 40
const DEEDS = ['register', 'renew', 'transferIn', 'restore'] as const

type Named = { name: string; tld: string }
/** `account`: of the cheapest offer. `answer`: what its registry said, or why it did not. */
type Asked = { account: AccountView; answer: Availability | string }

/**
 * Looks which names are free, in all TLDs that are sold. The registries are asked outside of any transaction, and of a registry
 * that does not answer nothing is claimed. What premium names cost is kept: they are ordered at what was seen.
 * @throws AppError invalid_input, invalid_state
 */
export async function search(
  root: Root,
  origin: Origin,
  { words, currency }: z.infer<typeof domainSearchRequest>,
): Promise<DomainSearch> {
  // Nothing of a tenant is read.
  const offers = await transaction(root, origin, [], async (ctx) => {
    const of = { years: 1, currency, tld: null, accountId: null }
    const found: Record<PaidOperation, Offer[]> = { register: [], renew: [], transferIn: [], restore: [] }
    for (const operation of DEEDS) found[operation] = await registrars.offers(ctx.tx, { ...of, operation })
    return found
  })
  const best = new Map<string, Offer>()
  for (const offer of offers.register) if (!best.has(offer.tld)) best.set(offer.tld, offer)
  const names = namesOf(words, [...best.keys()]).slice(0, MOST)
  const found = await ask(root, origin, names, best)
  await keep(root, origin, found)
  const standard = (operation: PaidOperation, tld: string, accountId: string | undefined) => {
    const offer = offers[operation].find((one) => one.tld === tld && one.accountId === accountId)
    return offer ? toMoney(offer.minor, currency) : null
  }
  return {
    items: names.map(({ name, tld }) => {
      const asked = found.get(name)
      const answer = typeof asked?.answer === 'object' ? asked.answer : null
      const priceOf = (operation: PaidOperation) =>
        answer?.premium && asked
          ? premiumPrice(answer, asked.account, operation, currency)
          : standard(operation, tld, best.get(tld)?.accountId)
      return {
        name,
        unicodeName: displayName(name),
        tld,
        available: answer && answer.available,
        reason: reasonOf({ tld, currency }, best.get(tld), asked),
        premium: answer?.premium ?? false,
        price: priceOf('register'),
        renewal: priceOf('renew'),
        transfer: priceOf('transferIn'),
        restore: priceOf('restore'),
      }
    }),
  }
}

/** What a premium name is sold for; null: it is not, or its registry has not said. */
function premiumPrice(
  { prices }: Availability,
  account: AccountView,
  operation: PaidOperation,
  currency: string,
) {
  const price = prices[operation]
  if (price === null || price.currency !== currency || account.premium_margin_percent === null) return null
  return toMoney(withMargin(price.amountMinor, account.premium_margin_percent), currency)
}

/** Why it cannot be ordered, in a sentence; null: nothing is in the way. */
function reasonOf(
  { tld, currency }: { tld: string; currency: string },
  offer: Offer | undefined,
  asked: Asked | undefined,
): string | null {
  if (offer === undefined) return `.${tld} is not sold in ${currency}.`
  if (typeof asked?.answer !== 'object') return 'The registry has not answered: try again.'
  const { premium: isPremium, available, reason } = asked.answer
  if (!isPremium) return reason
  if (asked.account.premium_margin_percent === null) return 'It has a price of its own: ask for an offer.'
  if (asked.account.currency !== currency)
    return `It has a price of its own, in ${asked.account.currency}: it is sold in that currency only.`
  return available ? null : reason
}

async function ask(
  root: Root,
  origin: Origin,
  names: readonly Named[],
  best: ReadonlyMap<string, Offer>,
): Promise<Map<string, Asked>> {
  const found = new Map<string, Asked>()
  const byAccount = Map.groupBy(names, ({ tld }) => best.get(tld)?.accountId ?? '')
  await Promise.all(
    [...byAccount].map(async ([accountId, list]) => {
      if (accountId === '') return
      const { account, connection } = await transaction(root, origin, [], async (ctx) => {
        const row = await registrars.find(ctx.tx, accountId)
        if (!row) throw notFound('registrar')
        return {
          account: row,
          connection: isLost(row.secret_sealed) ? null : await connectionFor(ctx, accountId),
        }
      })
      if (connection === null) {
        const { message } = new SecretLost()
        for (const { name } of list) found.set(name, { account, answer: message })
        return
      }
      const answer = await root.vendors
        .registrar({ ...connection, timeoutMs: TIMEOUT_MS })
        .check(list.map(({ name }) => name))
      if (answer.outcome === 'ok')
        for (const one of answer.value) found.set(one.name, { account, answer: one })
      else for (const { name } of list) found.set(name, { account, answer: faultOf(answer) })
    }),
  )
  return found
}

async function keep(root: Root, origin: Origin, found: ReadonlyMap<string, Asked>): Promise<void> {
  const rows = [...found.values()].flatMap(({ account, answer }) =>
    typeof answer === 'object' && answer.premium
      ? [{ accountId: account.id, name: answer.name, prices: pricesFrom(answer.prices) }]
      : [],
  )
  if (rows.length > 0) await transaction(root, origin, [], (ctx) => premium.put(ctx.tx, rows, ctx.now()))
}

/** What was typed with its TLD comes first; one word is tried in all of them. @throws AppError invalid_input */
function namesOf(words: string, tlds: readonly string[]): Named[] {
  const typed = words.trim().toLowerCase().replace(/\s+/g, '-').replace(/\.$/, '')
  const label = typed.split('.')[0] ?? ''
  const full = typed.includes('.') ? [readDomainName(typed).registrableName] : []
  const [first] = tlds
  if (full.length === 0 && first === undefined)
    throw new AppError('invalid_state', 'No TLD is sold in this currency: set prices first.')
  const ascii = (full[0] ?? readDomainName(`${label}.${first}`).name).split('.')[0] ?? ''
  const all = new Set([...full, ...tlds.map((tld) => `${ascii}.${tld}`)])
  return [...all].map((name) => ({ name, tld: name.slice(name.indexOf('.') + 1) }))
}
