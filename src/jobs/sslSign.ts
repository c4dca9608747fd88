import { sslSign as declared, type SignPayload } from '../services/sslQueues.ts'
import * as sslService from '../services/sslService.ts'
import { permanent } from './errors.ts'
import type { JobHandler, Run } from './steps.ts'

/** @throws JobError when a name is no longer the tenant's */
async function look(run: Run<SignPayload>): Promise<void> {
  const open = await run.read((ctx) => sslService.unprovenOf(ctx, run.payload.certificateId))
  if (open.length > 0)
    throw permanent(
      'domain_not_proven',
      `No verified domain of the tenant holds ${open.slice(0, 5).join(', ')}.`,
    )
}

/** Issues by the CA inside mPanel: it asks nobody, so that it happens in one transaction. */
export const sslSign: JobHandler<SignPayload> = {
  kind: declared.kind,
  parse: (payload) => declared.payload.parse(payload),
  failed: (ctx, payload, error) => sslService.markFailed(ctx, payload, error),
  steps: [
    { name: 'look', title: 'Looking whether the names are still the tenant’s', run: look, idempotent: true },
    {
      name: 'sign',
      title: 'Signing by the private CA',
      commit: (ctx, run) => sslService.signPrivately(ctx, run.payload),
    },
  ],
}
