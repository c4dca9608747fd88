import type { BillingProvider, HostedPage, PaymentFound } from '../integrations/billing/types.ts'
import type { Outcome } from '../lib/outcome.ts'
import * as collection from '../services/billingCollectionService.ts'
import type { Answer, Ask } from '../services/billingCollectionService.ts'
import { paymentCollect as declared, type CollectPayload } from '../services/billingQueues.ts'
import { JobError, kindOf, permanent, taskOf, valueOf } from './errors.ts'
import type { Found, JobHandler, Run } from './steps.ts'

type CollectRun = Run<CollectPayload>

export const tenantOf = ({ job }: { job: { tenant_id: string | null } }): string => {
  if (job.tenant_id === null) throw permanent('internal', 'a payment belongs to a tenant')
  return job.tenant_id
}

/** A client of the provider that a row stands for. */
export async function providerFor<P>(run: Run<P>, providerId: string): Promise<BillingProvider> {
  const connection = await run.read((ctx) => collection.connectionFor(ctx, providerId))
  return run.root.vendors.billing(connection)
}

/** Providers keep a key for a day; a little less is certain. */
const KEY_LIFE_MS = 23 * 3_600_000

/** After that the same key could be carried out a second time: a person looks at it. @throws JobError */
export function requireKeyAlive({ root }: { root: { now: () => Date } }, sentAt: string): void {
  if (root.now().getTime() - Date.parse(sentAt) > KEY_LIFE_MS)
    throw permanent(
      'too_old',
      'It was asked for more than a day ago and is not to be found at the provider: look there, then mark this done and try anew.',
    )
}

const askOf = (run: CollectRun): Ask | null => run.output('open') as Ask | null

/** Whose money it is at the provider. He is made when he is to pay on a page and was not known there. */
async function customer(run: CollectRun): Promise<string | null> {
  const words = askOf(run)
  if (words === null) return null
  if (words.method !== null) return words.method.customerRef
  const provider = await providerFor(run, words.providerId)
  const found = await collection.ensureCustomer((work) => run.tx(work), provider, words)
  // What was lost is looked for when this is done again.
  if (found.outcome === 'unknown') throw new JobError('wait', 'answer_lost', found.message)
  return valueOf(found)
}

/** A refusal that a later call would not change is how the attempt ends; all else is a failure of the call. */
async function answered<T>(outcome: Outcome<T>, read: (value: T) => Promise<Answer>): Promise<Answer> {
  if (outcome.outcome === 'ok') return read(outcome.value)
  if (outcome.outcome === 'rejected' && kindOf(outcome) !== 'wait')
    return { of: 'refusal', code: outcome.code, message: outcome.message }
  taskOf(outcome)
  throw new JobError('unknown', 'answer_lost', 'the answer was not expected')
}

const paid =
  (look: bigint) =>
  async (found: PaymentFound): Promise<Answer> => ({
    of: 'payment',
    seen: collection.keepPayment({ look, found }),
  })
const shown =
  (look: bigint) =>
  async (found: HostedPage): Promise<Answer> => ({
    of: 'page',
    seen: collection.keepPage({ look, found }),
  })

async function ask(run: CollectRun): Promise<Answer | null> {
  const words = askOf(run)
  if (words === null) return null
  if (!(await run.tx((ctx) => collection.isStillWanted(ctx, words)))) return null
  requireKeyAlive(run, words.sentAt)
  const provider = await providerFor(run, words.providerId)
  const look = await run.tx((ctx) => collection.takeLook(ctx))
  const same = {
    key: `mpanel:attempt:${words.attemptId}`,
    mark: words.attemptId,
    customerRef: run.output('customer') as string,
    amountMinor: BigInt(words.amountMinor),
    currency: words.currency,
    description: words.description,
  }
  if (words.method !== null)
    return answered(await provider.charge({ ...same, methodRef: words.method.ref }), paid(look))
  const expiresAt = new Date(words.expiresAt ?? words.sentAt)
  return answered(await provider.payPage({ ...same, returnUrl: words.returnUrl, expiresAt }), shown(look))
}

/** Whether the call was carried out, by its mark in what the customer has there. */
async function probe(run: CollectRun): Promise<Found> {
  const words = askOf(run)
  if (words === null) return { done: true, output: null }
  const provider = await providerFor(run, words.providerId)
  const look = await run.tx((ctx) => collection.takeLook(ctx))
  const [customerRef, since] = [run.output('customer') as string, new Date(words.since)]
  if (words.method === null) {
    const [page] = valueOf(await provider.findPages(words.attemptId, customerRef, since))
    return page ? { done: true, output: await shown(look)(page) } : { done: false }
  }
  const found = valueOf(await provider.findPayments(words.attemptId, customerRef, since))
  const best = found.find(({ status }) => status === 'succeeded') ?? found[0]
  return best ? { done: true, output: await paid(look)(best) } : { done: false }
}

/**
 * Has an invoice paid. Money is never taken twice: what is asked for is written down before, under one key; an answer that was
 * lost is looked for by its mark; and after a day nothing is asked for again.
 */
export const billingCollect: JobHandler<CollectPayload> = {
  kind: declared.kind,
  parse: (payload) => declared.payload.parse(payload),
  onPermanent: 'stuck',
  steps: [
    {
      name: 'open',
      title: 'Looking whether the invoice is still to be paid',
      commit: (ctx, run) => collection.open(ctx, tenantOf(run), run.payload.attemptId),
    },
    { name: 'customer', title: 'Finding the customer at the provider', run: customer, idempotent: true },
    { name: 'ask', title: 'Asking the provider', run: ask, probe },
    {
      name: 'settle',
      title: 'Booking what came of it',
      commit: async (ctx, run) => {
        const [words, answer] = [run.output('open') as Ask | null, run.output('ask') as Answer | null]
        if (words !== null && answer !== null) await collection.settle(ctx, words, answer, run.payload.mail)
      },
    },
  ],
}
