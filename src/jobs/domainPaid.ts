import { domainPaid as declared, type OperationPayload } from '../services/domainQueues.ts'
import * as registrations from '../services/domainRegistrationService.ts'
import type { JobHandler } from './steps.ts'

/** Begins an order about a domain once its money is there. Beginning is another job, so one that has begun stays as it is. */
export const domainPaid: JobHandler<OperationPayload> = {
  kind: declared.kind,
  parse: (payload) => declared.payload.parse(payload),
  steps: [
    {
      name: 'begin',
      title: 'Beginning what was paid',
      commit: (ctx, { payload }) => registrations.followPayment(ctx, payload.operationId),
    },
  ],
}
