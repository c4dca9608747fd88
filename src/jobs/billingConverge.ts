import type { BillingProvider } from '../integrations/billing/types.ts'
import type { Outcome } from '../lib/outcome.ts'
import * as collection from '../services/billingCollectionService.ts'
import type { Looked } from '../services/billingCollectionService.ts'
import { packed, type RecordSeen } from '../services/billingRecordService.ts'
import { paymentConverge as declared, type ConvergePayload } from '../services/billingQueues.ts'
import { providerFor } from './billingCollect.ts'
import { JobError, valueOf } from './errors.ts'
import type { JobHandler, Run } from './steps.ts'

/** The answer to what may be said twice without harm. @throws JobError */
export function written<T>(outcome: Outcome<T>): T {
  if (outcome.outcome === 'unknown') throw new JobError('wait', 'answer_lost', outcome.message)
  return valueOf(outcome)
}

/** What was found, null when the provider no longer knows it. @throws JobError */
export const unlessGone = <T>(outcome: Outcome<T>): T | null =>
  outcome.outcome === 'rejected' && outcome.code === 'missing' ? null : valueOf(outcome)

/** How a payment is now, with the number that was taken before looking. @throws JobError */
export async function paymentAt<P>(run: Run<P>, provider: BillingProvider, ref: string) {
  const number = await run.tx((ctx) => collection.takeLook(ctx))
  const found = unlessGone(await provider.payment(ref))
  return found === null ? null : collection.keepPayment({ look: number, found })
}

type Output = { answered: string[]; looked: Looked } | null

async function look(run: Run<ConvergePayload>): Promise<Output> {
  const answered = await run.read((ctx) => collection.toAnswer(ctx, run.payload))
  // Another look has served these messages.
  if (answered === null) return null
  const provider = await providerFor(run, run.payload.providerId)
  return { answered, looked: await lookAt(run, provider) }
}

async function lookAt(run: Run<ConvergePayload>, provider: BillingProvider): Promise<Looked> {
  const { kind, ref } = run.payload
  if (kind === 'client' || kind === 'service' || kind === 'invoice') return lookAtBooks(run, provider)
  if (kind === 'payment') {
    const seen = await paymentAt(run, provider, ref)
    return seen === null ? { of: 'gone' } : { of: 'payment', seen }
  }
  const number = await run.tx((ctx) => collection.takeLook(ctx))
  if (kind === 'page') {
    const found = unlessGone(await provider.page(ref))
    if (found === null) return { of: 'gone' }
    const payment = found.paymentRef === null ? null : await paymentAt(run, provider, found.paymentRef)
    return { of: 'page', seen: collection.keepPage({ look: number, found }), payment }
  }
  if (kind === 'customer') {
    const methods = unlessGone(await provider.methods(ref))
    return { of: 'customer', look: String(number), ref, methods }
  }
  const found = valueOf(await provider.method(ref))
  return { of: 'method', look: String(number), ref, customerRef: found?.customerRef ?? null }
}

/** Of the provider's own books. What mPanel has made there is a payment of one of its invoices. */
async function lookAtBooks(run: Run<ConvergePayload>, provider: BillingProvider): Promise<Looked> {
  const { kind, ref } = run.payload
  const { record } = provider
  if (record === null) return { of: 'gone' }
  const number = String(await run.tx((ctx) => collection.takeLook(ctx)))
  const books = (seen: Omit<RecordSeen, 'look'>): Looked => ({
    of: 'books',
    seen: packed({ look: number, ...seen }),
  })
  if (kind === 'client') {
    const client = unlessGone(await record.client(ref))
    return client === null ? { of: 'gone' } : books({ client })
  }
  if (kind === 'service') {
    const service = unlessGone(await record.service(ref))
    if (service === null) return { of: 'gone' }
    return books({ client: unlessGone(await record.client(service.clientRef)), service })
  }
  const invoice = unlessGone(await record.invoice(ref))
  if (invoice === null) return { of: 'gone' }
  if (invoice.mark !== null) {
    const seen = await paymentAt(run, provider, ref)
    return seen === null ? { of: 'gone' } : { of: 'payment', seen }
  }
  return books({ client: unlessGone(await record.client(invoice.clientRef)), invoice })
}

/**
 * Goes after a message of a provider. The message is only a doorbell: what is there now is looked at, and taken over; so it does
 * not matter which messages came, in which order, or how often.
 */
export const billingConverge: JobHandler<ConvergePayload> = {
  kind: declared.kind,
  parse: (payload) => declared.payload.parse(payload),
  onPermanent: 'stuck',
  steps: [
    { name: 'look', title: 'Looking at the provider', run: look, idempotent: true },
    {
      name: 'take over',
      title: 'Taking over what is there',
      commit: async (ctx, run) => {
        const seen = run.output('look') as Output
        if (seen !== null) await collection.takeOver(ctx, run.payload, seen.looked, seen.answered)
      },
    },
  ],
}
