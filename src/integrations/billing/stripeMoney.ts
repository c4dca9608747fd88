/**
 * Stripe counts some currencies otherwise than ISO 4217: those without minor units there that have some here, and the other way
 * round. Everything else is the same number.
 */
const AT_STRIPE: Record<string, { times: bigint } | { divideBy: bigint } | { multipleOf: bigint }> = {
  // Two digits there, none in ISO 4217; the last two are always zero.
  ISK: { times: 100n },
  UGX: { times: 100n },
  // None there, two in ISO 4217.
  MGA: { divideBy: 100n },
  // Three digits, of which the last is always zero.
  BHD: { multipleOf: 10n },
  JOD: { multipleOf: 10n },
  KWD: { multipleOf: 10n },
  OMR: { multipleOf: 10n },
  TND: { multipleOf: 10n },
}

/** An amount as Stripe takes it; null when Stripe cannot take this very amount. */
export function toStripe(minor: bigint, currency: string): number | null {
  const rule = AT_STRIPE[currency]
  if (rule === undefined) return safe(minor)
  if ('times' in rule) return safe(minor * rule.times)
  const by = 'divideBy' in rule ? rule.divideBy : rule.multipleOf
  if (minor % by !== 0n) return null
  return safe('divideBy' in rule ? minor / by : minor)
}

const safe = (amount: bigint): number | null =>
  amount <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(amount) : null

/** What Stripe says, in our minor units. */
export function fromStripe(amount: number, currency: string): bigint {
  const rule = AT_STRIPE[currency]
  const given = BigInt(amount)
  if (rule === undefined || 'multipleOf' in rule) return given
  return 'times' in rule ? given / rule.times : given * rule.divideBy
}
