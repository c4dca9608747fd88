import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Notice, Target } from './types.ts'

/** In both directions: an old message may be a replay, one from the future is not of this moment either. */
const TOLERANCE_S = 300

const same = (a: string, b: string): boolean =>
  a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b))

/** `t=<seconds>,v1=<hex>`, of the time and the bytes as they came. */
function isSigned(body: Buffer, signature: string, secret: string, now: Date): boolean {
  const found = /^t=(\d{1,12}),v1=([0-9a-f]{64})$/.exec(signature)
  if (!found) return false
  const [, at = '', given = ''] = found
  const right = createHmac('sha256', secret).update(`${at}.`).update(body).digest('hex')
  return same(given, right) && Math.abs(Number(at) - now.getTime() / 1000) <= TOLERANCE_S
}

type Fields = Record<string, unknown>

function fieldsIn(body: Buffer): Fields | null {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'))
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : null
  } catch {
    return null
  }
}

const idIn = (value: unknown): string | null =>
  (typeof value === 'number' || typeof value === 'string') && /^[1-9]\d{0,14}$/.test(String(value))
    ? String(value)
    : null

/** A message of the hook file whose signature is right; null for all others. It carries numbers only. */
export function readNotice(
  body: Buffer,
  signature: string | undefined,
  secret: string,
  { now, refOf }: { now: Date; refOf: (id: string) => string },
): Notice | null {
  if (signature === undefined || !isSigned(body, signature, secret, now)) return null
  const fields = fieldsIn(body)
  const { id, event, at } = fields ?? {}
  if (fields === null || typeof id !== 'string' || id === '' || id.length > 255 || typeof event !== 'string')
    return null
  const seconds = typeof at === 'number' && Number.isFinite(at) ? at : now.getTime() / 1000
  return {
    id,
    type: event.slice(0, 200),
    live: true,
    target: targetOf(fields, refOf),
    at: new Date(Math.min(seconds * 1000, now.getTime())),
  }
}

/** The most exact thing that it is about. */
function targetOf(fields: Fields, refOf: (id: string) => string): Target | null {
  const [invoice, service, client] = [
    idIn(fields['invoice']),
    idIn(fields['service']),
    idIn(fields['client']),
  ]
  if (invoice !== null) return { kind: 'invoice', ref: refOf(invoice) }
  if (service !== null) return { kind: 'service', ref: service }
  return client === null ? null : { kind: 'client', ref: client }
}
