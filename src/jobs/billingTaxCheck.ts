import type { TaxIdFound } from '../integrations/vies/types.ts'
import { faultOf, type Outcome } from '../lib/outcome.ts'
import { taxCheck as declared, type TaxCheckPayload } from '../services/billingQueues.ts'
import * as billingTaxService from '../services/billingTaxService.ts'
import type { CheckAnswer } from '../services/billingTaxService.ts'
import { tenantOf } from './billingCollect.ts'
import type { JobHandler, Run } from './steps.ts'

type Opened = { requester: string | null } | null

const MAX_PROBLEM = 300

/** Only a yes is valid and only a no is invalid: that it cannot be found out is an answer of its own, and asked again later. */
const answerOf = (found: Outcome<TaxIdFound>): CheckAnswer =>
  found.outcome === 'ok'
    ? {
        result: found.value.isValid ? 'valid' : 'invalid',
        reference: found.value.reference,
        traderName: found.value.traderName,
      }
    : { result: 'unknown', problem: faultOf(found).slice(0, MAX_PROBLEM) }

async function ask(run: Run<TaxCheckPayload>): Promise<CheckAnswer | null> {
  const opened = run.output('open') as Opened
  const { taxIds } = run.root.vendors
  if (opened === null || taxIds === null) return null
  return answerOf(await taxIds.check(run.payload.taxId, opened.requester))
}

/** Asks whether a customer's VAT number was given out. It changes nothing there, so it may be asked any number of times. */
export const billingTaxCheck: JobHandler<TaxCheckPayload> = {
  kind: declared.kind,
  parse: (payload) => declared.payload.parse(payload),
  steps: [
    {
      name: 'open',
      title: 'Looking whether the customer still has the number',
      commit: (ctx, run) => billingTaxService.openCheck(ctx, tenantOf(run), run.payload),
    },
    { name: 'ask', title: 'Asking VIES', run: ask, idempotent: true },
    {
      name: 'settle',
      title: 'Noting what came of it',
      commit: async (ctx, run) => {
        const answer = run.output('ask') as CheckAnswer | null
        if (answer !== null) await billingTaxService.settleCheck(ctx, tenantOf(run), run.payload, answer)
      },
    },
  ],
}
