import { OutgoingFault, type OutgoingAnswer, type OutgoingRequest } from '../../lib/outgoing.ts'
import { unknown, type Outcome } from '../../lib/outcome.ts'
import { outcomeOf, refusal } from './namesiloCodes.ts'
import type { RegistrarConnection } from './types.ts'

export type Send = (request: OutgoingRequest) => Promise<OutgoingAnswer>
export type NameSiloConnection = Extract<RegistrarConnection, { kind: 'namesilo' }>
export type Reply = Record<string, unknown>
export type Call = (operation: string, params?: Params) => Promise<Outcome<Reply>>
export type Params = Record<string, string | number>

const TIMEOUT_MS = 30_000
const isRecord = (value: unknown): value is Reply =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Calls NameSilo, one call at a time. The key stands in the address there, so no address ever reaches a message. */
export function namesiloCaller(send: Send, { url, key, timeoutMs = TIMEOUT_MS }: NameSiloConnection): Call {
  let tail: Promise<unknown> = Promise.resolve()
  const call = async (operation: string, params: Params = {}): Promise<Outcome<Reply>> => {
    const query = new URLSearchParams({ version: '1', type: 'json', key })
    for (const [name, value] of Object.entries(params)) query.set(name, String(value))
    let answer: OutgoingAnswer
    try {
      answer = await send({ url: `${url}/${operation}?${query.toString()}`, timeoutMs })
    } catch (error) {
      if (!(error instanceof OutgoingFault)) throw error
      const words = error.message.replaceAll(key, '…')
      return error.outcome === 'refused'
        ? refusal('unreachable', `NameSilo cannot be reached: ${words}`, true)
        : unknown(`NameSilo has not answered: ${words}`)
    }
    return readAnswer(answer)
  }
  return (operation, params) => {
    const turn = tail.then(() => call(operation, params))
    tail = turn.catch(() => undefined)
    return turn
  }
}

function readAnswer({ status, body }: OutgoingAnswer): Outcome<Reply> {
  if (status === 429) return refusal('throttled', 'NameSilo asks for fewer calls.', true)
  if (status !== 200) return unknown(`NameSilo answered ${status}`)
  let json: unknown
  try {
    json = JSON.parse(body.toString('utf8'))
  } catch {
    return unknown('NameSilo answered with what is no JSON')
  }
  const reply = isRecord(json) ? json['reply'] : undefined
  const code = isRecord(reply) ? Number(reply['code']) : Number.NaN
  if (!isRecord(reply) || !Number.isInteger(code))
    return unknown('NameSilo answered with something else than a reply')
  const detail = reply['detail']
  return outcomeOf(code, typeof detail === 'string' ? detail : '', reply)
}

/** One is answered as itself, several as a list, and some lists stand in an object of one field. */
export function listOf(value: unknown): unknown[] {
  if (value === undefined || value === null || value === '') return []
  if (Array.isArray(value)) return value
  if (isRecord(value)) {
    const fields = Object.values(value)
    if (fields.length === 1 && (Array.isArray(fields[0]) || isRecord(fields[0]))) return listOf(fields[0])
  }
  return [value]
}

export const record = (value: unknown): Reply => (isRecord(value) ? value : {})
export const text = (value: unknown): string =>
  typeof value === 'string' ? value : typeof value === 'number' ? String(value) : ''
export const isYes = (value: unknown): boolean => /^(yes|1|true)$/i.test(text(value))
