import type { By } from './domains.ts'
import { charge, Refused, type Tld, type World } from './world.ts'

/** What a deed costs, and what a registrar has to name of it (RFC 8748). */
export type Deed = 'create' | 'renew' | 'transfer' | 'restore'
/** As a command names it. */
export type Named = { minor: number; currency: string }

export const CURRENCY = 'USD'
const NAME = /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)\.([a-z]{2,}|xn--[a-z0-9-]+)$/
const FIELDS = {
  create: 'createMinor',
  renew: 'renewMinor',
  transfer: 'transferMinor',
  restore: 'restoreMinor',
} as const

export function tldOf(world: World, name: string): Tld {
  const found = NAME.exec(name)
  if (!found) throw new Refused(2005, `${name} is no name that is registered here`)
  const tld = world.tlds[found[3] ?? '']
  if (!tld) throw new Refused(2307, `.${found[3]} is not of this registry`)
  return tld
}

export const isPremium = (world: World, name: string): boolean => world.premium[name] !== undefined

/** @throws Refused for a name that is not of this registry */
export const feeOf = (world: World, name: string, deed: Deed, years: number): number =>
  (world.premium[name] ?? tldOf(world, name))[FIELDS[deed]] * (deed === 'restore' ? 1 : years)

/**
 * Takes what it costs. Of a premium name the price must be named, and be no less than it is (RFC 8748, 3.8).
 * @returns what was taken
 * @throws Refused 2003, 2004, 2104
 */
export function pay(
  world: World,
  by: By,
  { name, deed, years, fee }: { name: string; deed: Deed; years: number; fee: Named | null },
): number {
  const minor = feeOf(world, name, deed, years)
  if (isPremium(world, name) && fee === null)
    throw new Refused(2003, 'the price of a premium name must be named')
  if (fee !== null && (fee.currency !== CURRENCY || fee.minor < minor))
    throw new Refused(2004, 'it costs more, or in another currency')
  charge(world, by.account, minor, by.now)
  return minor
}
