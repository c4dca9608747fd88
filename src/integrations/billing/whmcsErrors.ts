import { rejected, type Rejected } from '../../lib/outcome.ts'
import type { BillingCode } from './types.ts'

const MAX_MESSAGE = 300

export const refusal = (code: BillingCode, message: string): Rejected =>
  rejected(code, message.slice(0, MAX_MESSAGE), {
    retryable: code === 'unreachable' || code === 'throttled',
  })

/** What WHMCS answered has not the shape that we know. */
export class Unreadable extends Error {}

/**
 * WHMCS says no in English, with one status for everything: only the sentence tells who is meant. Beside each pattern stands
 * the sentence as it comes.
 */
const SENTENCES: [RegExp, BillingCode][] = [
  // "Authentication Failed", "Invalid or missing credentials", "Administrator Account Disabled"
  [/authentication failed|missing credentials|account disabled/i, 'unauthorized'],
  // "Invalid IP 192.0.2.1", "Access Denied", "Invalid Permissions: API action "getclients" is not allowed"
  [/^invalid ip|access denied|invalid permissions/i, 'forbidden'],
  // "Client ID Not Found", "Invoice ID Not Found", "Service ID not found", "Pay Method ID not found"
  [/\bid not found/i, 'missing'],
]

/** What it means that an action was refused. A refusal proves that it was not done. */
export function refusedBy(message: string): Rejected {
  const code = SENTENCES.find(([pattern]) => pattern.test(message))?.[1] ?? 'invalid'
  if (code === 'unauthorized')
    return refusal(code, 'WHMCS does not take the identifier and secret: they are wrong, or were revoked.')
  const address = /^invalid ip (\S+)/i.exec(message)?.[1]
  if (address !== undefined)
    return refusal(
      code,
      `WHMCS lets nobody in from ${address}: add that address to its list, or set an access key.`,
    )
  const action = /api action "([^"]+)"/i.exec(message)?.[1]
  if (action !== undefined)
    return refusal(code, `The API role of this identifier lacks the action ${action}: add it in WHMCS.`)
  return refusal(code, message === '' ? 'WHMCS has refused without a word.' : message)
}
