import { ok, pending, rejected, unknown, type Outcome, type Rejected } from '../../lib/outcome.ts'
import type { RegistrarCode, TransferFacts } from './types.ts'

/** The numbers of NameSilo's answers (https://www.namesilo.com/api-reference#response-codes), and what they mean for a call. */

/** Done; 301 and 302 say that defaults of the account were used: what came of it is read back anyway. */
const DONE = new Set([300, 301, 302])
/** `already …`: it is as it was to be. */
const ALREADY = new Set([250, 251, 252, 253, 254, 255, 256])
/** The registry behind it does not answer, or an internal error: nobody knows how far it came. */
const DOUBTFUL = new Set([115, 201])
/** It is still working on the same call. */
const WORKING = 400

const CODES: Record<number, RegistrarCode> = {
  101: 'invalid', // HTTPS not used
  102: 'invalid', // no version
  103: 'invalid', // invalid version
  104: 'invalid', // no type
  105: 'invalid', // invalid type
  106: 'invalid', // no operation
  107: 'invalid', // invalid operation
  108: 'invalid', // missing parameters
  109: 'invalid', // no key
  110: 'unauthorized', // invalid key
  111: 'unauthorized', // the account is not valid
  112: 'unauthorized', // the API is not enabled for this account
  113: 'forbidden', // the address is not on the list of the account
  114: 'invalid', // the domain is not of a kind that is sold
  116: 'forbidden', // too many names for the reseller account
  117: 'forbidden', // a sub-account may not
  118: 'forbidden', // no funds profile
  119: 'no_funds',
  120: 'forbidden', // the account may not do this operation
  200: 'not_found', // not active, or not of this account
  210: 'policy', // general error, with words
  211: 'policy',
  212: 'policy',
  213: 'policy',
  220: 'invalid',
  221: 'invalid',
  257: 'invalid', // record exists
  258: 'invalid',
  260: 'policy', // the transfer is not possible
  261: 'taken', // the domain is not available
  262: 'taken', // it is active in this account already
  263: 'invalid', // more than allowed of something
  264: 'policy', // the payment or order could not be made
  265: 'prohibited', // the domain cannot be transferred
  266: 'wrong_auth_code',
  267: 'not_eligible', // registered or moved less than 60 days ago
  280: 'invalid',
  281: 'invalid',
}

const PENDING_ORDER = 'order'

/** @param code of the answer; @param value of an answer that says it was done */
export function outcomeOf<T>(code: number, detail: string, value: T): Outcome<T> {
  const words = `${detail || 'NameSilo has refused it'} (NameSilo ${code})`
  if (DONE.has(code) || ALREADY.has(code)) return ok(value)
  if (code === WORKING) return pending(PENDING_ORDER)
  if (DOUBTFUL.has(code)) return unknown(words)
  const known = CODES[code]
  // What is not in the list may mean anything, also that it was done.
  return known === undefined ? unknown(words) : rejected(known, words)
}

export const refusal = (code: RegistrarCode, words: string, retryable = false): Rejected =>
  rejected(code, words, { retryable })

/** The states of a transfer are sentences. Those that are not here are looked at by a person. */
const TRANSFERS: [RegExp, TransferFacts['status']][] = [
  // 'Transfer Completed'
  [/^transfer completed/i, 'completed'],
  // 'Pending at Registry', 'Pending Administrative Contact Approval', 'Checking Transfer Status', 'Awaiting…', 'Approved'
  [/^(pending|checking|awaiting|approved|processing|transfer in progress)/i, 'pending'],
  // 'Missing Authorization Code', 'Incorrect Authorization Code', 'Domain is Locked': somebody has to do something, it goes on then
  [/(authorization code|is locked|whois|60 days)/i, 'pending'],
  // 'Transfer Rejected', 'Denied by current registrar'
  [/(rejected|denied|failed|expired)/i, 'refused'],
  // 'Cancelled', 'Transfer Canceled'
  [/cancel/i, 'cancelled'],
]
export const transferStatus = (words: string): TransferFacts['status'] =>
  TRANSFERS.find(([pattern]) => pattern.test(words))?.[1] ?? 'other'
