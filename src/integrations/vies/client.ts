import { ok, rejected, unknown, type Outcome, type Rejected } from '../../lib/outcome.ts'
import { OutgoingFault, type OutgoingAnswer, type OutgoingRequest } from '../../lib/outgoing.ts'
import type { TaxIdChecker, TaxIdFound, ViesCode } from './types.ts'

type Send = (request: OutgoingRequest) => Promise<OutgoingAnswer>

/** Some member states take a quarter of a minute. */
const TIMEOUT_MS = 30_000
const MAX_BYTES = 100_000
const MAX_TEXT = 200

/**
 * The REST API of VIES (https://ec.europa.eu/taxation_customs/vies/#/technical-information): `POST check-vat-number` with
 * `countryCode`, `vatNumber` and, for a consultation number, `requesterMemberStateCode` and `requesterNumber`.
 * @param base without `/check-vat-number`
 */
export function createVies(send: Send, base: string, timeoutMs = TIMEOUT_MS): TaxIdChecker {
  return {
    check: async (taxId, requester) => {
      const words = {
        countryCode: taxId.slice(0, 2),
        vatNumber: taxId.slice(2),
        ...(requester === null
          ? {}
          : { requesterMemberStateCode: requester.slice(0, 2), requesterNumber: requester.slice(2) }),
      }
      try {
        return readAnswer(
          await send({
            url: `${base}/check-vat-number`,
            method: 'POST',
            headers: {
              accept: 'application/json',
              'content-type': 'application/json',
              'user-agent': 'mPanel',
            },
            body: JSON.stringify(words),
            timeoutMs,
            maxBytes: MAX_BYTES,
          }),
        )
      } catch (error) {
        if (!(error instanceof OutgoingFault)) throw error
        return error.outcome === 'refused'
          ? refusal('unreachable', `VIES cannot be reached: ${error.message}`)
          : unknown(`VIES has not answered: ${error.message}`)
      }
    },
  }
}

const RETRYABLE = new Set<ViesCode>(['unreachable', 'unavailable'])
const refusal = (code: ViesCode, message: string): Rejected =>
  rejected(code, message, { retryable: RETRYABLE.has(code) })

/** What the errors of VIES mean; all others are an outage, as no answer says whether the number is valid. */
const CODES: Record<string, ViesCode> = {
  INVALID_INPUT: 'invalid',
  INVALID_REQUESTER_INFO: 'requester',
  VAT_BLOCKED: 'blocked',
  IP_BLOCKED: 'blocked',
}

function readAnswer({ status, body }: OutgoingAnswer): Outcome<TaxIdFound> {
  const json = parsed(body)
  const error = errorOf(json)
  if (error !== null) {
    const code = CODES[error] ?? (status === 400 ? 'invalid' : 'unavailable')
    return refusal(code, `VIES answered ${error}.`)
  }
  if (status !== 200) return refusal('unavailable', `VIES answered ${status}.`)
  const { valid, requestIdentifier, name } = (json ?? {}) as Record<string, unknown>
  if (typeof valid !== 'boolean') return unknown('VIES answered what cannot be read.')
  return ok({ isValid: valid, reference: textOf(requestIdentifier), traderName: textOf(name) })
}

/** Said also with 200, and then whatever else the answer says does not count. */
function errorOf(json: unknown): string | null {
  if (typeof json !== 'object' || json === null) return null
  const { actionSucceed, errorWrappers } = json as { actionSucceed?: unknown; errorWrappers?: unknown }
  const [first] = Array.isArray(errorWrappers) ? (errorWrappers as unknown[]) : []
  const error = (first as { error?: unknown } | undefined)?.error
  if (typeof error === 'string' && /^[\w-]{1,50}$/.test(error)) return error
  return actionSucceed === false ? 'an error' : null
}

/** `---` stands where a member state does not tell. */
const textOf = (value: unknown): string | null =>
  typeof value === 'string' && value.trim() !== '' && value !== '---' ? value.trim().slice(0, MAX_TEXT) : null

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    return undefined
  }
}
