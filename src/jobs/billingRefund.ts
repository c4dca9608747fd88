import * as collection from '../services/billingCollectionService.ts'
import type { RefundAnswer, RefundAsk } from '../services/billingCollectionService.ts'
import { paymentRefund as declared, type RefundPayload } from '../services/billingQueues.ts'
import { providerFor, requireKeyAlive, tenantOf } from './billingCollect.ts'
import { kindOf, taskOf, valueOf } from './errors.ts'
import type { Found, JobHandler, Run } from './steps.ts'

type RefundRun = Run<RefundPayload>
const wordsOf = (run: RefundRun): RefundAsk | null => run.output('open') as RefundAsk | null

async function ask(run: RefundRun): Promise<RefundAnswer | null> {
  const words = wordsOf(run)
  if (words === null) return null
  requireKeyAlive(run, words.sentAt)
  const provider = await providerFor(run, words.providerId)
  const answer = await provider.refund(
    { key: `mpanel:refund:${words.refundId}`, mark: words.refundId },
    { paymentRef: words.paymentRef, amountMinor: BigInt(words.amountMinor), currency: words.currency },
  )
  if (answer.outcome === 'ok') return { of: 'refund', ref: answer.value.ref, status: answer.value.status }
  if (answer.outcome === 'rejected' && kindOf(answer) !== 'wait')
    return { of: 'refusal', message: answer.message }
  taskOf(answer)
  return null
}

async function probe(run: RefundRun): Promise<Found> {
  const words = wordsOf(run)
  if (words === null) return { done: true, output: null }
  const provider = await providerFor(run, words.providerId)
  const found = valueOf(await provider.refunds(words.paymentRef)).find(({ mark }) => mark === words.refundId)
  if (!found) return { done: false }
  const output: RefundAnswer = { of: 'refund', ref: found.ref, status: found.status }
  return { done: true, output }
}

/** Gives back a payment, or a part of it, through the provider that took it. */
export const billingRefund: JobHandler<RefundPayload> = {
  kind: declared.kind,
  parse: (payload) => declared.payload.parse(payload),
  onPermanent: 'stuck',
  steps: [
    {
      name: 'open',
      title: 'Looking what is to be given back',
      commit: (ctx, run) => collection.openRefund(ctx, tenantOf(run), run.payload.refundId),
    },
    { name: 'ask', title: 'Asking the provider', run: ask, probe },
    {
      name: 'settle',
      title: 'Booking what was given back',
      commit: async (ctx, run) => {
        const [words, answer] = [
          run.output('open') as RefundAsk | null,
          run.output('ask') as RefundAnswer | null,
        ]
        if (words !== null && answer !== null)
          await collection.settleRefund(ctx, tenantOf(run), words, answer)
      },
    },
  ],
}
