import { createHmac, randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { verifyWebhook, WebhookInvalid } from '../../packages/client/src/index.ts'

const SECONDS = 1_800_000_000
const NOW = { now: SECONDS * 1000 }
const BODY = JSON.stringify({ id: 'evt', type: 'CUSTOMER_CREATED', note: 'žluťoučký 🐎' })
const newSecret = () => `whsec_${randomBytes(32).toString('base64')}`
const sign = (secret: string, { id = 'evt', seconds = SECONDS, body = BODY } = {}): string =>
  `v1,${createHmac('sha256', Buffer.from(secret.slice(6), 'base64'))
    .update(`${id}.${seconds}.${body}`)
    .digest('base64')}`
const headersOf = (signature: string, seconds: string | number = SECONDS) => ({
  'webhook-id': 'evt',
  'webhook-timestamp': String(seconds),
  'webhook-signature': signature,
})
const reason = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'believed',
    (error: unknown) => (error instanceof WebhookInvalid ? error.reason : error),
  )

test('the example of Standard Webhooks is believed', async () => {
  // https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
  const headers = {
    'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    'webhook-timestamp': '1614265330',
    'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  }
  const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
  expect(await verifyWebhook(headers, '{"test": 2432232314}', secret, { now: 1_614_265_330_000 })).toEqual({
    test: 2432232314,
  })
})

test('a delivery is believed as text and as bytes, with headers in any form', async () => {
  const secret = newSecret()
  const headers = headersOf(sign(secret))
  for (const body of [BODY, Buffer.from(BODY)])
    for (const given of [headers, new Headers(headers), { ...headers, 'Webhook-Id': 'evt' }])
      expect(await verifyWebhook(given, body, secret, NOW)).toEqual(JSON.parse(BODY))
})

test('while secrets are exchanged, either side may have both', async () => {
  const [former, present] = [newSecret(), newSecret()]
  const both = `${sign(present)} ${sign(former)}`
  expect(await reason(verifyWebhook(headersOf(both), BODY, former, NOW))).toBe('believed')
  expect(await reason(verifyWebhook(headersOf(sign(former)), BODY, [present, former], NOW))).toBe('believed')
  expect(await reason(verifyWebhook(headersOf(sign(former)), BODY, [present], NOW))).toBe('signature')
})

test.each([
  ['another body', headersOf, (secret: string) => sign(secret), `${BODY} `],
  ['another id', headersOf, (secret: string) => sign(secret, { id: 'other' }), BODY],
  ['another time', headersOf, (secret: string) => sign(secret, { seconds: SECONDS - 1 }), BODY],
  ['another scheme', headersOf, (secret: string) => sign(secret).replace('v1,', 'v1a,'), BODY],
  ['no base64', headersOf, () => 'v1,***', BODY],
  ['a shorter signature', headersOf, (secret: string) => sign(secret).slice(0, 20), BODY],
])('a delivery with %s is not believed', async (_, headers, signature, body) => {
  const secret = newSecret()
  expect(await reason(verifyWebhook(headers(signature(secret)), body, secret, NOW))).toBe('signature')
})

test('a delivery is not believed when it is older than five minutes, or comes from the future', async () => {
  const secret = newSecret()
  for (const [age, expected] of [
    [300, 'believed'],
    [-300, 'believed'],
    [301, 'time'],
    [-301, 'time'],
  ] as const) {
    const seconds = SECONDS - age
    expect(
      await reason(verifyWebhook(headersOf(sign(secret, { seconds }), seconds), BODY, secret, NOW)),
    ).toBe(expected)
  }
})

test('what is missing or malformed is named', async () => {
  const secret = newSecret()
  const { 'webhook-id': _, ...without } = headersOf(sign(secret))
  expect(await reason(verifyWebhook(without, BODY, secret, NOW))).toBe('headers')
  expect(await reason(verifyWebhook(headersOf(sign(secret), 'now'), BODY, secret, NOW))).toBe('headers')
  expect(await reason(verifyWebhook(headersOf(sign(secret)), BODY, 'secret', NOW))).toBe('secret')
  expect(await reason(verifyWebhook(headersOf(sign(secret)), BODY, 'whsec_QUJD', NOW))).toBe('secret')
})
