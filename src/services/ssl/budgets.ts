import { parse } from 'tldts'
import type { Ctx } from '../../context.ts'
import * as issuers from '../../db/sslIssuers.ts'
import type { IssuerRow } from '../../db/sslIssuers.ts'
import { withoutWildcard } from '../../lib/x509/names.ts'

/** Takes an order out of the issuer's budget. @returns false while there is none */
export const takeBudget = (ctx: Ctx, issuerId: string): Promise<boolean> =>
  issuers.takeToken(ctx.tx, issuerId, ctx.now())

const registered = (name: string): string => {
  const host = withoutWildcard(name)
  return parse(host, { allowPrivateDomains: true }).domain ?? host
}

/**
 * Takes a certificate for each registered domain out of what the issuer may be asked in a week.
 * @returns null; or which domain has none left, and when it has
 */
export async function takeDomainBudget(
  ctx: Ctx,
  { id, domain_budget: budget }: IssuerRow,
  names: readonly string[],
): Promise<{ domain: string; free: Date } | null> {
  if (budget === null) return null
  return issuers.takeDomains(ctx.tx, { id, budget }, [...new Set(names.map(registered))], ctx.now())
}

/** `1 December 2026, 10:20 UTC` */
export const inWords = (at: Date): string =>
  `${at.toLocaleString('en-GB', { timeZone: 'UTC', day: 'numeric', month: 'long', year: 'numeric', hour: '2-digit', minute: '2-digit' }).replace(' at ', ', ')} UTC`
