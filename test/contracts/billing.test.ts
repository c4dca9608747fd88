import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startStripeSim, type Fault, type StripeSim } from '../../sim/stripe/server.ts'
import { createBilling, stripeAt } from '../../src/integrations/billing/client.ts'
import { API_VERSION } from '../../src/integrations/billing/stripe.ts'
import type { BillingProvider } from '../../src/integrations/billing/types.ts'
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
/** A real one takes so many calls a second of a sandbox; the simulated one takes any number. */
const PACE = given === undefined ? 10_000 : 20
const reachOf = (stripeBase: string) => ({
  stripe: stripeAt(stripeBase, PACE),
  send,
  now: () => new Date(),
})

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

describe.skipIf(given !== undefined)('what Stripe takes at once', () => {
  let own: StripeSim
  beforeEach(async () => {
    own = await startStripeSim()
  })
  afterEach(() => own.close())
  /** Two clients of one key: one waits longer for an answer than the other. */
  const clientsOf = (perSecond: number) => {
    const reach = { ...reachOf(own.url), stripe: stripeAt(own.url, perSecond) }
    const connection = { kind: 'stripe', key: own.key, live: false, webhookSecret: null } as const
    return [createBilling(reach, connection), createBilling(reach, { ...connection, timeoutMs: 5_000 })]
  }
  const burst = (perSecond: number) => {
    own.limit(25)
    return Promise.all(clientsOf(perSecond).flatMap((one) => Array.from({ length: 20 }, () => one.health())))
  }
  const one = (): BillingProvider => clientsOf(20)[0] as BillingProvider
  const statuses = (): (number | null)[] => own.calls.map(({ status }) => status)

  it('is never asked for more by all clients of one key together, however many calls come', async () => {
    expect(new Set((await burst(10)).map(({ outcome }) => outcome))).toEqual(new Set(['ok']))
    expect(statuses()).toEqual(Array.from({ length: 40 }, () => 200))
  })

  it('is refused beyond that, which is proven not to be done', async () => {
    const refused = (await burst(10_000)).filter(({ outcome }) => outcome !== 'ok')
    expect(refused[0]).toMatchObject({ outcome: 'rejected', code: 'throttled', retryable: true })
    expect(statuses()).toContain(429)
    // Of the others some were not even sent, since Stripe had asked for a pause.
    expect(statuses().filter((status) => status === 200)).toHaveLength(40 - refused.length)
  })

  it('ends every call for as long as Stripe wishes: what comes meanwhile is not sent', async () => {
    own.fault({ status: 429, busy: 'rate', headers: { 'retry-after': '60' } })
    const provider = one()
    const answers = [await provider.health(), await provider.health(), await provider.methods('cus_1')]
    expect(answers).toMatchObject(Array.from({ length: 3 }, () => ({ code: 'throttled', retryable: true })))
    expect(statuses()).toEqual([429])
  })

  it('comes back after a pause when Stripe names no time', async () => {
    own.fault({ status: 429, busy: 'rate', times: 2 })
    const provider = one()
    expect([await provider.health(), await provider.health()]).toMatchObject([
      { code: 'throttled' },
      { code: 'throttled' },
    ])
    expect(await provider.health()).toMatchObject({ outcome: 'ok' })
  })

  it('leaves others alone when only an object is locked, and nothing is repeated in the same breath', async () => {
    own.fault({ status: 429, headers: { 'retry-after': '60' } })
    const provider = one()
    expect(await provider.health()).toMatchObject({ code: 'throttled', retryable: true })
    expect(await provider.health()).toMatchObject({ outcome: 'ok' })
    expect(statuses()).toEqual([429, 200])
  })
})
