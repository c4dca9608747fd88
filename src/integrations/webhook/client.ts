import { createHmac } from 'node:crypto'
import { OutgoingFault, type OutgoingAnswer, type OutgoingRequest } from '../../lib/outgoing.ts'
import type { WebhookDelivery, WebhookTarget } from './types.ts'

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
