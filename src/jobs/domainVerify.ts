import { domainVerify as declared, type VerifyPayload } from '../services/domainQueues.ts'
import * as domainService from '../services/domainService.ts'
import type { JobHandler } from './steps.ts'

/** Looks for the TXT record that proves whose a domain is. What is found is the result, and looking again does no harm. */
export const domainVerify: JobHandler<VerifyPayload> = {
  kind: declared.kind,
  parse: (payload) => declared.payload.parse(payload),
  steps: [
    {
      name: 'look',
      title: 'Asking DNS for the proof',
      run: async (run) => {
        const claim = await run.read((ctx) => domainService.forCheck(ctx, run.payload))
        return { fault: claim === null ? null : await domainService.lookUp(run.root, claim) }
      },
      idempotent: true,
    },
    {
      name: 'decide',
      title: 'Writing down what was found',
      commit: (ctx, run) =>
        domainService.decide(ctx, run.payload, (run.output('look') as { fault: string | null }).fault),
    },
  ],
}
