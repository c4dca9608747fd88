import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startStripeSim, type Fault, type StripeSim } from '../../sim/stripe/server.ts'
import { createBilling } from '../../src/integrations/billing/client.ts'
import { API_VERSION } from '../../src/integrations/billing/stripe.ts'
import { newId } from '../../src/lib/ids.ts'
import { networks, sendOutgoing, type OutgoingRequest } from '../../src/lib/outgoing.ts'
import { billingContract, value, type Subject } from './billing.ts'

const { STRIPE_API_BASE: given, STRIPE_SECRET_KEY: givenKey } = process.env
let sim: StripeSim
let base: string
let key: string
beforeAll(async () => {
  sim = await startStripeSim()
  base = given ?? sim.url
  key = given === undefined ? sim.key : (givenKey ?? '')
  if (!/^[sr]k_test_/.test(key)) throw new Error('STRIPE_SECRET_KEY must be a key of the test mode.')
})
afterAll(() => sim.close())

/** What is typed by people, such as where a WHMCS is, is reached under these rules. */
const send = (request: OutgoingRequest) => sendOutgoing(networks(['127.0.0.0/8']), request)
const reachOf = (stripeBase: string) => ({ stripeBase, send, now: () => new Date() })

const clientOf = (more: { key?: string; timeoutMs?: number; url?: string } = {}) =>
  createBilling(reachOf(more.url ?? base), {
    kind: 'stripe',
    key: more.key ?? key,
    live: false,
    webhookSecret: 'whsec_x',
    ...more,
  })

const CARDS = {
  works: 'pm_card_visa',
  fails: 'pm_card_chargeCustomerFail',
  asks: 'pm_card_authenticationRequired',
}

async function leaveCard(customer: string, card: keyof typeof CARDS): Promise<string> {
  const answer = await fetch(`${base}/v1/payment_methods/${CARDS[card]}/attach`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'stripe-version': API_VERSION },
    body: new URLSearchParams({ customer }),
  })
  return ((await answer.json()) as { id: string }).id
}

describe('payments recorded by hand', () => {
  const provider = createBilling(reachOf('https://api.example.com'), { kind: 'manual' })
  billingContract(() => ({ provider, leaveCard: () => Promise.resolve('') }))
})

describe('Stripe', () => {
  billingContract((): Subject => ({ provider: clientOf(), leaveCard }))
})

describe.skipIf(given !== undefined)('an answer of Stripe that is no answer', () => {
  const customer = async () => {
    const mark = newId()
    return value(
      await clientOf().createCustomer(
        { key: mark, mark },
        { name: 'Ada', email: `${mark}@example.com`, currency: 'EUR' },
      ),
    )
  }
  const payment = async (fault: Fault, timeoutMs = 400) => {
    const ref = await customer()
    const method = sim.card(ref)
    const mark = newId()
    const asked = {
      key: `k:${mark}`,
      mark,
      customerRef: ref,
      methodRef: method.id,
      amountMinor: 499n,
    } as const
    const words = { ...asked, currency: 'EUR', description: 'x' }
    sim.fault({ method: 'POST', path: /payment_intents$/, ...fault })
    const first = await clientOf({ timeoutMs }).charge(words)
    sim.clearFaults()
    const since = new Date(Date.now() - 60_000)
    const left = value(await clientOf().findPayments(mark, ref, since))
    return { first, left, again: () => clientOf().charge(words) }
  }

  it.each<[string, Fault]>([
    ['a connection cut after the deed', { lost: 'after', times: 2 }],
    ['a time-out after the deed', { delayMs: 900 }],
    ['a 500 after the deed', { status: 500, done: true }],
    ['a 502 of a proxy after the deed', { status: 502, done: true }],
    ['half an answer', { truncated: true }],
  ])('is unknown, and what it has left is found: %s', async (_, fault) => {
    const { first, left, again } = await payment(fault)
    expect(first.outcome).toBe('unknown')
    // A time-out is noticed before the deed is done.
    if (fault.delayMs === undefined) expect(left).toMatchObject([{ status: 'succeeded' }])
    const repeated = await again()
    if (fault.status === undefined) expect(repeated).toMatchObject({ value: { status: 'succeeded' } })
    expect(
      [...sim.world.intents.values()].filter((one) => one.customer === left[0]?.customerRef),
    ).toHaveLength(left.length)
  })

  it('is unknown when it was cut before anything was done, and nothing is found then', async () => {
    const { first, left } = await payment({ lost: 'before', times: 2 })
    expect([first.outcome, left]).toEqual(['unknown', []])
  })

  it('is proven not to be done when nobody was there, Stripe was busy, or the key is not taken', async () => {
    const closed = await startStripeSim()
    await closed.close()
    expect(await clientOf({ url: closed.url }).health()).toMatchObject({
      code: 'unreachable',
      retryable: true,
    })
    const { first, left } = await payment({ status: 429 })
    expect([first, left]).toMatchObject([{ code: 'throttled', retryable: true }, []])
    expect(await clientOf({ key: 'sk_test_wrong' }).health()).toMatchObject({ code: 'unauthorized' })
    sim.world.keys.set('rk_test_reader', 'read')
    const mark = newId()
    const refused = await clientOf({ key: 'rk_test_reader' }).createCustomer(
      { key: mark, mark },
      { name: 'Ada', email: 'ada@example.com', currency: 'EUR' },
    )
    expect(refused).toMatchObject({ code: 'forbidden' })
  })

  it('never shows the key', async () => {
    const wrong = `sk_test_${newId().replaceAll('-', '')}`
    expect(JSON.stringify(await clientOf({ key: wrong }).health())).not.toContain(wrong)
  })

  it('comes of the pinned version', async () => {
    await clientOf().health()
    expect(sim.calls.at(-1)).toMatchObject({ path: '/v1/account', version: API_VERSION })
  })
})
