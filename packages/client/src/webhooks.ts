import type { AuditEvent } from './operations.ts'

/** What mPanel sends to a webhook: an event of the audit log. `data` is the event as `listAuditEvents` answers it. */
export type WebhookEvent = {
  /** The same for a repeated delivery: whoever remembers it does nothing twice. */
  id: string
  /** Such as `SUBSCRIPTION_CREATED`. */
  type: string
  createdAt: string
  tenantId: string | null
  data: AuditEvent
}

/** A delivery that is not to be believed. `reason` says why. */
export class WebhookInvalid extends Error {
  readonly reason: 'headers' | 'time' | 'signature' | 'secret'
  constructor(reason: WebhookInvalid['reason'], message: string) {
    super(message)
    this.name = 'WebhookInvalid'
    this.reason = reason
  }
}

type Given = Headers | Record<string, string | string[] | undefined>

export type VerifyOptions = {
  /** How many seconds the sender's clock may differ, and a delivery be old; 300 unless said. */
  toleranceSeconds?: number
  /** The present time in milliseconds, instead of the clock's. */
  now?: number
}

/**
 * Says whether a delivery comes from mPanel, is new and was not changed (Standard Webhooks 1.0), and answers its event.
 * @param body the bytes as they came, not JSON that was read and written again
 * @param secret `whsec_…`, or several of them while they are being exchanged
 * @throws WebhookInvalid
 */
export async function verifyWebhook(
  headers: Given,
  body: string | Uint8Array,
  secret: string | readonly string[],
  { toleranceSeconds = 300, now = Date.now() }: VerifyOptions = {},
): Promise<WebhookEvent> {
  const id = headerOf(headers, 'webhook-id')
  const seconds = headerOf(headers, 'webhook-timestamp')
  const signatures = headerOf(headers, 'webhook-signature')
  if (!/^\d{1,12}$/.test(seconds)) throw new WebhookInvalid('headers', 'webhook-timestamp is no time')
  if (Math.abs(now / 1000 - Number(seconds)) > toleranceSeconds)
    throw new WebhookInvalid('time', 'the delivery is too old, or the clock is wrong')
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body
  const prefix = new TextEncoder().encode(`${id}.${seconds}.`)
  const signed = new Uint8Array(prefix.length + bytes.length)
  signed.set(prefix)
  signed.set(bytes, prefix.length)
  const given = signatures.split(' ').flatMap((one) => (one.startsWith('v1,') ? [one.slice(3)] : []))
  let isGood = false
  for (const one of typeof secret === 'string' ? [secret] : secret) {
    const key = await keyOf(one)
    // `verify` compares in constant time.
    for (const signature of given)
      if (await crypto.subtle.verify('HMAC', key, bytesOf(signature) ?? new Uint8Array(), signed))
        isGood = true
  }
  if (!isGood) throw new WebhookInvalid('signature', 'no signature is made with this secret')
  return JSON.parse(new TextDecoder().decode(bytes)) as WebhookEvent
}

function headerOf(headers: Given, name: string): string {
  const value =
    headers instanceof Headers
      ? headers.get(name)
      : Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1]
  if (typeof value !== 'string' || value === '') throw new WebhookInvalid('headers', `${name} is missing`)
  return value
}

function keyOf(secret: string) {
  const bytes = secret.startsWith('whsec_') ? bytesOf(secret.slice('whsec_'.length)) : undefined
  if (!bytes || bytes.length < 24)
    throw new WebhookInvalid('secret', 'the secret is whsec_ and at least 24 bytes in base64')
  return crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, ['verify'])
}

/** @returns undefined for text that is no base64 */
function bytesOf(base64: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
  } catch {
    return undefined
  }
}
