import { rejected, type Outcome } from '../../lib/outcome.ts'
import type { PaidOperation, Price, Quote } from './types.ts'

const wordsOf = ({ amountMinor, currency }: Price): string => {
  const digits = amountMinor.toString().padStart(3, '0')
  return `${digits.slice(0, -2)}.${digits.slice(-2)} ${currency}`
}
const isSame = (a: Price, b: Price): boolean => a.amountMinor === b.amountMinor && a.currency === b.currency

const UNTOLD: ReadonlySet<string> = new Set(['invalid', 'policy', 'unsupported', 'prohibited'])

/** Why it is not done at this price; null: nothing speaks against it. */
function objection({ price, premium }: Quote, agreed: Price | null): string | null {
  if (agreed === null)
    return premium === true
      ? `It is a premium name${price ? ` for ${wordsOf(price)}` : ''}, and no price of its own was agreed.`
      : null
  return price === null || isSame(price, agreed)
    ? null
    : `It costs ${wordsOf(price)} at the registry now, and ${wordsOf(agreed)} was agreed.`
}

/**
 * Does what costs money at the agreed price only. The registry is asked just before, also where the order was shown the price and
 * the command names it (RFC 8748). The command alone is refused only where it names less than it costs, and so would not keep what
 * was promised:
 * - a price that has fallen since is taken without a word, and the customer has paid more than it costs;
 * - of a name that was at the usual price nothing is named, and whether a registry refuses it then, once it is a premium name, is
 *   left to the registry;
 * - days may lie between an order and its payment, and NameSilo's orders name no price at all.
 *
 * A deed that is refused is asked about once more, so that a price which changed in between is told as that.
 */
export async function atAgreedPrice(
  quote: () => Promise<Outcome<Quote>>,
  agreed: Price | null,
  deed: () => Promise<Outcome<null>>,
): Promise<Outcome<null>> {
  const before = await quote()
  // Only a question has failed: nothing was done, and it may be asked again.
  if (before.outcome === 'unknown') return rejected('unreachable', before.message, { retryable: true })
  if (before.outcome === 'pending') return before
  // A registry that does not tell prices in this way still sells what has none of its own.
  const isUntold = before.outcome === 'rejected' && agreed === null && UNTOLD.has(before.code)
  if (before.outcome === 'rejected' && !isUntold) return before
  const why = before.outcome === 'ok' ? objection(before.value, agreed) : null
  if (why !== null) return rejected('price_changed', why)
  const done = await deed()
  if (agreed === null || done.outcome !== 'rejected') return done
  const after = await quote()
  const changed = after.outcome === 'ok' ? objection(after.value, agreed) : null
  return changed === null ? done : rejected('price_changed', changed)
}

/** What each deed costs for a year, where nothing was told. */
export const NO_PRICES: Record<PaidOperation, Price | null> = {
  register: null,
  renew: null,
  transferIn: null,
  restore: null,
}
