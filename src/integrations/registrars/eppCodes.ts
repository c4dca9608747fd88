import { rejected, unknown, type Rejected, type Unknown } from '../../lib/outcome.ts'
import type { RegistrarCode } from './types.ts'

/** RFC 5730, section 3. What is not here is `invalid`: we have sent something that the server does not take. */
const CODES: Record<number, RegistrarCode> = {
  2101: 'unsupported',
  2102: 'unsupported',
  2103: 'unsupported',
  2104: 'no_funds',
  2105: 'not_eligible',
  2106: 'not_eligible',
  2200: 'unauthorized',
  2201: 'forbidden',
  2202: 'wrong_auth_code',
  2300: 'transfer_pending',
  2301: 'no_transfer',
  2302: 'taken',
  2303: 'not_found',
  2304: 'prohibited',
  2305: 'in_use',
  2306: 'policy',
  2307: 'unsupported',
  2308: 'policy',
  2501: 'unauthorized',
}

/**
 * A failure by its result code. 2400 and 2500 are failures of the server in the middle of the command: it may have been done.
 * 2502 is the limit of sessions, told before anything is done.
 */
export function refusalOf(code: number, message: string): Rejected | Unknown {
  const words = `${message} (EPP ${code})`
  if (code === 2400 || code === 2500) return unknown(words)
  if (code === 2502) return rejected('throttled', words, { retryable: true })
  return rejected(CODES[code] ?? 'invalid', words)
}
