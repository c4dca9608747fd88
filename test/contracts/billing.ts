import { expect, it } from 'vitest'
import type { BillingProvider, HostedPage, PaymentFound } from '../../src/integrations/billing/types.ts'
import { newId } from '../../src/lib/ids.ts'
import type { Outcome } from '../../src/lib/outcome.ts'

/** A provider with hands: what a customer does there. */
export type Subject = {
  provider: BillingProvider
  /** Leaves a card with a customer; `fails` and `asks` are refused when they are charged. */
  leaveCard: (customerRef: string, card: 'works' | 'fails' | 'asks') => Promise<string>
  /** It does not say why a card was refused: the customer is asked then in any case. */
  isMute?: true
}

export function value<T>(outcome: Outcome<T>): T {
  if (outcome.outcome !== 'ok') throw new Error(JSON.stringify(outcome))
  return outcome.value
}

const RETURN = 'https://panel.example.com/back'
const before = (): Date => new Date(Date.now() - 60_000)

/**
 * What holds for every provider, simulated or real. One that cannot do something refuses it as `unsupported`, and has nothing to
 * show of it; that is asked of the same calls.
 */
export function billingContract(subjectOf: () => Subject): void {
  const able = (cap: keyof BillingProvider['caps']): boolean => subjectOf().provider.caps[cap]
  const customer = async () => {
    const { provider } = subjectOf()
    const mark = newId()
    const email = `${mark.slice(-12)}@example.com`
    return provider.createCustomer(
      { key: `k:${mark}`, mark },
      { name: 'Ada Example', email, currency: 'EUR' },
    )
  }
  const newCustomer = async (): Promise<string> => value(await customer())
  const unsupported = (outcome: Outcome<unknown>): void =>
    expect(outcome).toMatchObject({ outcome: 'rejected', code: 'unsupported', retryable: false })
  const charge = (
    customerRef: string,
    methodRef: string,
    more: { mark?: string; key?: string; amountMinor?: bigint } = {},
  ): Promise<Outcome<PaymentFound>> => {
    const mark = more.mark ?? newId()
    return subjectOf().provider.charge({
      key: more.key ?? `k:${mark}`,
      mark,
      customerRef,
      methodRef,
      amountMinor: more.amountMinor ?? 499n,
      currency: 'EUR',
      description: 'Invoice INV-000001',
    })
  }

  it('says how it is', async () => {
    const health = value(await subjectOf().provider.health())
    expect(health.account).not.toBe('')
  })

  it('has a customer once, whether the same words come twice or are looked for', async () => {
    const { provider } = subjectOf()
    if (!able('methods')) return unsupported(await customer())
    const mark = newId()
    const card = { name: 'Ada', email: `${mark.slice(-12)}@example.com`, currency: 'EUR' }
    const write = { key: `k:${mark}`, mark }
    expect(value(await provider.findCustomers(mark, card.email, before()))).toEqual([])
    const made = value(await provider.createCustomer(write, card))
    expect(value(await provider.createCustomer(write, card))).toBe(made)
    expect(value(await provider.findCustomers(mark, card.email, before()))).toEqual([made])
    expect(await provider.createCustomer(write, { ...card, name: 'Eve' })).toMatchObject({
      outcome: 'rejected',
      code: 'reused',
    })
  })

  it('shows a method that was left, until it is taken away', async () => {
    const { provider, leaveCard } = subjectOf()
    if (!able('methods')) return expect(value(await provider.methods('any'))).toEqual([])
    const ref = await newCustomer()
    expect(value(await provider.methods(ref))).toEqual([])
    const method = await leaveCard(ref, 'works')
    expect(value(await provider.methods(ref))).toMatchObject([{ ref: method, kind: 'card', last4: '4242' }])
    expect(value(await provider.method(method))).toMatchObject({ customerRef: ref })
    expect(await provider.detachMethod(method)).toMatchObject({ outcome: 'ok' })
    expect(await provider.detachMethod(method)).toMatchObject({ outcome: 'ok' })
    expect(value(await provider.methods(ref))).toEqual([])
    expect(value(await provider.method(method))).toBeNull()
    expect(await provider.methods('cus_unknown')).toMatchObject({ outcome: 'rejected', code: 'missing' })
  })

  it('takes money once for one key, and finds the payment by its mark', async () => {
    const { provider, leaveCard } = subjectOf()
    if (!able('charges')) return unsupported(await charge('any', 'any'))
    const ref = await newCustomer()
    const method = await leaveCard(ref, 'works')
    const mark = newId()
    const paid = value(await charge(ref, method, { mark }))
    expect(paid).toMatchObject({
      mark,
      status: 'succeeded',
      amountMinor: 499n,
      currency: 'EUR',
      decline: null,
    })
    expect(value(await charge(ref, method, { mark })).ref).toBe(paid.ref)
    expect(value(await provider.findPayments(mark, ref, before())).map((one) => one.ref)).toEqual([paid.ref])
    expect(value(await provider.payment(paid.ref))).toMatchObject({ ref: paid.ref, status: 'succeeded' })
    expect(await charge(ref, method, { key: `k:${mark}`, mark, amountMinor: 500n })).toMatchObject({
      outcome: 'rejected',
      code: 'reused',
    })
  })

  it('tells a refused card from a failed call, and what the customer has to do himself', async () => {
    const { leaveCard, isMute = false } = subjectOf()
    if (!able('charges')) return unsupported(await charge('any', 'any'))
    const ref = await newCustomer()
    const declined = value(await charge(ref, await leaveCard(ref, 'fails')))
    expect(declined).toMatchObject({ status: 'declined', decline: { needsCustomer: isMute } })
    const asks = value(await charge(ref, await leaveCard(ref, 'asks')))
    expect(asks).toMatchObject({ status: 'declined', decline: { needsCustomer: true, isFinal: false } })
    expect(await charge(ref, 'pm_unknown')).toMatchObject({ outcome: 'rejected', code: 'missing' })
  })

  it('makes pages to leave a method and to pay on, once for one key, and ends those that are open', async () => {
    const { provider } = subjectOf()
    const mark = newId()
    const write = { key: `k:${mark}`, mark }
    if (!able('methods'))
      return unsupported(
        await provider.setupPage(write, { customerRef: 'any', currency: 'EUR', returnUrl: RETURN }),
      )
    const ref = await newCustomer()
    const setup = value(
      await provider.setupPage(write, { customerRef: ref, currency: 'EUR', returnUrl: RETURN }),
    )
    expect(setup).toMatchObject({
      status: 'open',
      customerRef: ref,
      url: expect.stringContaining('http') as string,
    })
    const expiresAt = new Date(Math.floor(Date.now() / 1000 + 7_200) * 1000)
    const pay = (key: string) =>
      provider.payPage({
        key,
        mark,
        customerRef: ref,
        amountMinor: 499n,
        currency: 'EUR',
        description: 'Invoice INV-000001',
        returnUrl: RETURN,
        expiresAt,
      })
    const page: HostedPage = value(await pay(`p:${mark}`))
    expect(page).toMatchObject({ mark, status: 'open', paymentRef: null, expiresAt })
    expect(value(await pay(`p:${mark}`)).ref).toBe(page.ref)
    expect(value(await provider.findPages(mark, ref, before())).map((one) => one.ref)).toContain(page.ref)
    expect(value(await provider.expirePage(page.ref))).toMatchObject({ status: 'expired', url: null })
    expect(value(await provider.expirePage(page.ref))).toMatchObject({ status: 'expired' })
    expect(value(await provider.page(page.ref))).toMatchObject({ status: 'expired' })
  })

  it('gives back a part and then the rest, once for one key, and never more than was paid', async () => {
    const { provider, leaveCard } = subjectOf()
    const mark = newId()
    const write = { key: `r:${mark}`, mark }
    const asked = (paymentRef: string, amountMinor: bigint) => ({ paymentRef, amountMinor, currency: 'EUR' })
    if (!able('refunds')) return unsupported(await provider.refund(write, asked('any', 1n)))
    const ref = await newCustomer()
    const { ref: payment } = value(await charge(ref, await leaveCard(ref, 'works')))
    const part = value(await provider.refund(write, asked(payment, 200n)))
    expect(part).toMatchObject({ mark, amountMinor: 200n })
    expect(value(await provider.refund(write, asked(payment, 200n))).ref).toBe(part.ref)
    const other = { key: `r:${newId()}`, mark: newId() }
    expect(await provider.refund(other, asked(payment, 300n))).toMatchObject({ outcome: 'rejected' })
    value(await provider.refund({ ...other, key: `r:${newId()}` }, asked(payment, 299n)))
    const refunds = value(await provider.refunds(payment))
    expect(refunds.reduce((sum, one) => sum + one.amountMinor, 0n)).toBe(499n)
    expect(value(await provider.payment(payment)).refunds).toHaveLength(2)
  })
}
