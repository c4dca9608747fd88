import { createHmac } from 'node:crypto'
import { OutgoingFault, type OutgoingAnswer, type OutgoingRequest } from '../../lib/outgoing.ts'
import type { EventAnswer, EventTarget, WebhookDelivery, WebhookTarget } from './types.ts'

const MAX_ANSWER_BYTES = 100_000

/** Over the time and the body, so that neither can be changed and an old delivery cannot be sent again later. */
const signatureOf = (secret: string, seconds: number, body: string): string =>
  createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')

/**
 * Posts a signed delivery. Only an answer of 200 to 299 counts; a redirect is a failure.
 * @throws OutgoingFault
 */
export async function sendWebhook(
  send: (request: OutgoingRequest) => Promise<OutgoingAnswer>,
  target: WebhookTarget,
  delivery: WebhookDelivery,
): Promise<void> {
  const body = JSON.stringify(delivery.body)
  const seconds = Math.floor(delivery.at.getTime() / 1000)
  const { status } = await send({
    url: target.url,
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'user-agent': 'mPanel',
      'mpanel-delivery': delivery.id,
      'mpanel-signature': `t=${seconds},v1=${signatureOf(target.secret, seconds, body)}`,
    },
    body,
    maxBytes: MAX_ANSWER_BYTES,
    ...(target.ca === undefined ? {} : { ca: target.ca }),
  })
  if (status < 200 || status > 299)
    throw new OutgoingFault('unknown', `the receiver answered ${status} instead of 200 to 299`)
}

const KEPT_BYTES = 1_000

/**
 * Posts one event, signed as Standard Webhooks 1.0 says (https://www.standardwebhooks.com): the secret is `whsec_` and
 * the key in base64. Any answer is an answer; a redirect is one, too.
 * @throws OutgoingFault when none came
 */
export async function sendEvent(
  send: (request: OutgoingRequest) => Promise<OutgoingAnswer>,
  { url, secrets }: EventTarget,
  { id, at, body }: WebhookDelivery & { body: string },
): Promise<EventAnswer> {
  const seconds = Math.floor(at.getTime() / 1000)
  const signatures = secrets.map((secret) => {
    const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64')
    return `v1,${createHmac('sha256', key).update(`${id}.${seconds}.${body}`).digest('base64')}`
  })
  const {
    status,
    body: said,
    fromPublic,
  } = await send({
    url,
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'user-agent': 'mPanel',
      'webhook-id': id,
      'webhook-timestamp': String(seconds),
      'webhook-signature': signatures.join(' '),
    },
    body,
    keepBytes: KEPT_BYTES,
  })
  return {
    status,
    answer: said
      .toString('utf8')
      .replace(/\p{Cc}+/gu, ' ')
      .trim(),
    fromPublic,
  }
}
