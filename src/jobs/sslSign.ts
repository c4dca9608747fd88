import { sslSign as declared, type SignPayload } from '../services/sslQueues.ts'
import * as sslService from '../services/sslService.ts'
import type { JobHandler } from './steps.ts'

/** Issues by the CA inside mPanel: it asks nobody, so it happens in one transaction. */
export const sslSign: JobHandler<SignPayload> = {
  kind: declared.kind,
  parse: (payload) => declared.payload.parse(payload),
  failed: (ctx, payload, error) => sslService.markFailed(ctx, payload, error),
  steps: [
    {
      name: 'sign',
      title: 'Signing by the private CA',
      commit: (ctx, run) => sslService.signPrivately(ctx, run.payload),
    },
  ],
}
