import { tenantEnforce as declared, type EnforcePayload } from '../services/tenantQueues.ts'
import * as tenantSuspensionService from '../services/tenantSuspensionService.ts'
import type { JobHandler } from './steps.ts'

const FIRST = '00000000-0000-0000-0000-000000000000'

/** Enqueues one job for each pod of the tenant. A batch that was enqueued before is found again, not repeated. */
export const tenantEnforce: JobHandler<EnforcePayload> = {
  kind: declared.kind,
  parse: (payload) => declared.payload.parse(payload),
  onPermanent: 'stuck',
  steps: [
    {
      name: 'pods',
      title: 'Asking for each pod',
      run: async (run) => {
        for (let after: string | null = FIRST; after !== null;) {
          const from: string = after
          after = await run.tx((ctx) => tenantSuspensionService.enforceBatch(ctx, run.payload, from))
        }
      },
      idempotent: true,
    },
  ],
}
