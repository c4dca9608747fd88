import { ok, unknown } from '../../lib/outcome.ts'
import { NO_PRICES } from './agreedPrice.ts'
import { transferStatus } from './namesiloCodes.ts'
import { isYes, listOf, record, text } from './namesiloHttp.ts'
import type { Wired } from './namesiloWires.ts'
import type { Registrar } from './types.ts'

/** What NameSilo is asked without changing anything. */
export type Questions = Pick<
  Registrar,
  'check' | 'quote' | 'info' | 'transfer' | 'poll' | 'acknowledge' | 'balance'
>

const checkFrom =
  ({ call, price }: Pick<Wired, 'call' | 'price'>): Registrar['check'] =>
  async (names) => {
    const answer = await call('checkRegisterAvailability', { domains: names.join(',') })
    if (answer.outcome !== 'ok') return answer
    const free = new Map(
      listOf(answer.value['available'])
        .map(record)
        .map((row) => [text(row['domain'] ?? row['name']).toLowerCase(), row]),
    )
    return ok(
      names.map((name) => {
        const row = free.get(name)
        return {
          name,
          available: row !== undefined,
          reason: row === undefined ? 'It is taken, or not sold.' : null,
          premium: isYes(row?.['premium']),
          prices: { ...NO_PRICES, register: price(row?.['price']), renew: price(row?.['renew']) },
        }
      }),
    )
  }

/** Of names that are registered, it does not tell which are premium. */
export const quoteFrom =
  ({ call, price }: Wired): Registrar['quote'] =>
  async (operation, name, years) => {
    if (operation === 'restore') return ok({ price: null, premium: null })
    if (operation === 'register') {
      const answer = await checkFrom({ call, price })([name])
      if (answer.outcome !== 'ok') return answer
      const found = answer.value[0]
      const first = found?.prices.register ?? null
      return ok({
        price: first && { ...first, amountMinor: first.amountMinor * BigInt(years) },
        premium: found?.premium ?? false,
      })
    }
    const answer = await call('getPrices')
    if (answer.outcome !== 'ok') return answer
    const row = record(answer.value[name.slice(name.indexOf('.') + 1)])
    const one = price(row[operation === 'renew' ? 'renew' : 'transfer'])
    return ok({
      price: one && { ...one, amountMinor: one.amountMinor * (operation === 'renew' ? BigInt(years) : 1n) },
      premium: null,
    })
  }

export function questions(of: Wired): Questions {
  const { call, price, info } = of

  return {
    check: checkFrom(of),

    quote: quoteFrom(of),
    info,

    async transfer(name) {
      const answer = await call('checkTransferStatus', { domain: name })
      if (answer.outcome === 'rejected' && answer.code === 'not_found')
        return ok({ status: 'none', words: answer.message, actsAt: null, direction: 'in' })
      if (answer.outcome !== 'ok') return answer
      const words = text(answer.value['status'])
      return ok({ status: transferStatus(words), words, actsAt: null, direction: 'in' })
    },

    poll: () => Promise.resolve(ok(null)),
    acknowledge: () => Promise.resolve(ok(null)),
    async balance() {
      const answer = await call('getAccountBalance')
      if (answer.outcome !== 'ok') return answer
      const found = price(text(answer.value['balance']).replaceAll(',', ''))
      return found ? ok({ ...found, limitMinor: null }) : unknown('NameSilo has not said the balance.')
    },
  }
}
