import * as collection from '../services/billingCollectionService.ts'
import type { Withdrawal, Withdrawn } from '../services/billingCollectionService.ts'
import { paymentWithdraw as declared, type WithdrawPayload } from '../services/billingQueues.ts'
import { providerFor, tenantOf } from './billingCollect.ts'
import { paymentAt, written } from './billingConverge.ts'
import type { JobHandler, Run } from './steps.ts'

/** What is taken back is gone, however often it is done. */
async function withdraw(run: Run<WithdrawPayload>): Promise<Withdrawn | null> {
  const withdrawal = run.output('open') as Withdrawal | null
  if (withdrawal === null) return null
  const provider = await providerFor(run, withdrawal.providerId)
  if (withdrawal.of === 'method') {
    written(await provider.detachMethod(withdrawal.ref))
    return { of: 'method', look: String(await run.tx((ctx) => collection.takeLook(ctx))) }
  }
  const page = written(await provider.expirePage(withdrawal.ref))
  const payment = page.paymentRef === null ? null : await paymentAt(run, provider, page.paymentRef)
  const look = await run.tx((ctx) => collection.takeLook(ctx))
  return { of: 'page', seen: collection.keepPage({ look, found: page }), payment }
}

/** Takes back a payment method, or a page to pay on. */
export const billingWithdraw: JobHandler<WithdrawPayload> = {
  kind: declared.kind,
  parse: (payload) => declared.payload.parse(payload),
  onPermanent: 'stuck',
  steps: [
    {
      name: 'open',
      title: 'Looking what is to be taken back',
      commit: (ctx, run) => collection.openWithdrawal(ctx, tenantOf(run), run.payload),
    },
    { name: 'withdraw', title: 'Taking it back at the provider', run: withdraw, idempotent: true },
    {
      name: 'settle',
      title: 'Noting that it is gone',
      commit: async (ctx, run) => {
        const withdrawal = run.output('open') as Withdrawal | null
        const done = run.output('withdraw') as Withdrawn | null
        if (withdrawal !== null && done !== null)
          await collection.settleWithdrawal(ctx, tenantOf(run), { payload: run.payload, withdrawal, done })
      },
    },
  ],
}
