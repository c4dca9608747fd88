import { t } from '../text.ts'
/** What the world sees of the reverse name of an address. */
export const REVERSE_STATES = [
  'unseen',
  'unknown',
  'confirmed',
  'not_served',
  'no_address',
  'elsewhere',
] as const
export type ReverseState = (typeof REVERSE_STATES)[number]

/** One look: which names the address has, and which addresses the name has. */
export type ReverseSeen = {
  /** The name that was looked for. */
  name: string
  at: string
  names: string[]
  addresses: string[]
  /** Why it could not be looked. */
  fault: string | null
}

const listed = (all: readonly string[]): string => all.slice(0, 4).join(', ')

/**
 * Whether a name is confirmed: the address leads to the name, and the name back to the address. Mail servers refuse mail from
 * addresses of which that is not so.
 * @returns with what is wrong, for people; null where nothing is
 */
export function reverseJudged(
  address: string,
  name: string,
  seen: ReverseSeen | null,
): { state: ReverseState; message: string | null } {
  if (!seen || seen.name !== name) return { state: 'unseen', message: null }
  if (seen.fault !== null) return { state: 'unknown', message: seen.fault }
  if (seen.addresses.length === 0)
    return {
      state: 'no_address',
      message: t`${name} has no address: give it a record that leads to ${address}, or mail servers will not trust it.`,
    }
  if (!seen.addresses.includes(address))
    return {
      state: 'elsewhere',
      message: t`${name} leads to ${listed(seen.addresses)}, not to ${address}: mail servers will not trust it.`,
    }
  if (!seen.names.includes(name))
    return {
      state: 'not_served',
      message:
        seen.names.length === 0
          ? t`Nobody finds a name of ${address} yet: its reverse zone is not delegated, or does not have it.`
          : t`The world sees ${listed(seen.names)} as the name of ${address}.`,
    }
  return { state: 'confirmed', message: null }
}
