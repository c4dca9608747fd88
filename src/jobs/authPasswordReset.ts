import * as authService from '../services/authService.ts'
import { passwordReset as declared, type ResetPayload } from '../services/mailQueues.ts'
import type { JobHandler } from './steps.ts'

type Found = { userId: string | null }

export const authPasswordReset: JobHandler<ResetPayload> = {
  kind: declared.kind,
  parse: (payload) => declared.payload.parse(payload),
  steps: [
    {
      name: 'find',
      title: 'Looking whose e-mail it is',
      run: async (run): Promise<Found> => ({
        userId: (await run.read((ctx) => authService.resettable(ctx, run.payload.email))) ?? null,
      }),
      idempotent: true,
    },
    {
      name: 'write',
      title: 'Writing to the user, if there is one',
      commit: async (ctx, run) => {
        const { userId } = run.output('find') as Found
        if (userId !== null) await authService.writeReset(ctx, userId, run.payload.requestedFrom)
      },
    },
  ],
}
