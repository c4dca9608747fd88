import { Stripe } from 'stripe'
import type { Notice, Target } from './types.ts'

/** In both directions: an old message may be a replay, one from the future is not of this moment either. */
const TOLERANCE_S = 300

type Fields = Record<string, unknown>
const fieldsOf = (value: unknown): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {}
const ref = (value: unknown): string | null => {
  const found = typeof value === 'string' ? value : fieldsOf(value)['id']
  return typeof found === 'string' && found !== '' && found.length <= 255 ? found : null
}

/** The SDK takes messages from any future: the time is looked at here as well. */
function isOfNow(signature: string, now: Date): boolean {
  const times = signature.split(',').filter((part) => part.trim().startsWith('t='))
  const [at = ''] = times.map((part) => part.trim().slice(2))
  return (
    times.length === 1 && /^\d{1,12}$/.test(at) && Math.abs(Number(at) - now.getTime() / 1000) <= TOLERANCE_S
  )
}

/** A message whose signature is right, whatever is in it; null for all others. */
export function readNotice(
  body: Buffer,
  signature: string | undefined,
  secret: string,
  now: Date,
): Notice | null {
  if (signature === undefined || !isOfNow(signature, now)) return null
  let event: Fields
  try {
    event = fieldsOf(
      Stripe.webhooks.constructEvent(body, signature, secret, TOLERANCE_S, undefined, now.getTime()),
    )
  } catch {
    return null
  }
  return noticeOf(event, now)
}

/** What an event is about; null: it is none. */
export function noticeOf(event: Fields, now: Date): Notice | null {
  const { id, type, created, livemode } = event
  if (typeof id !== 'string' || id === '' || id.length > 255 || typeof type !== 'string') return null
  const seconds = typeof created === 'number' && Number.isFinite(created) ? created : now.getTime() / 1000
  return {
    id,
    type: type.slice(0, 200),
    live: livemode === true,
    // Of another account that is connected to this one: nothing of ours.
    target:
      event['account'] === undefined ? targetOf(type, fieldsOf(fieldsOf(event['data'])['object'])) : null,
    at: new Date(Math.min(seconds * 1000, now.getTime())),
  }
}

const to = (kind: Target['kind'], value: unknown): Target | null => {
  const found = ref(value)
  return found === null ? null : { kind, ref: found }
}

/** What is looked at again. A message about one thing may mean that another has changed. */
function targetOf(type: string, object: Fields): Target | null {
  if (type.startsWith('payment_intent.')) return to('payment', object)
  if (/^(charge|refund)\./.test(type)) return to('payment', object['payment_intent'])
  if (type.startsWith('checkout.session.'))
    return object['mode'] === 'setup' ? to('customer', object['customer']) : to('page', object)
  if (type.startsWith('setup_intent.')) return to('customer', object['customer'])
  if (type.startsWith('payment_method.')) return to('customer', object['customer']) ?? to('method', object)
  if (/^customer\.(updated|deleted)$/.test(type)) return to('customer', object)
  return null
}
