import { OutgoingFault } from '../lib/outgoing.ts'
import { auditSinkTest as declared, type TestPayload } from '../services/auditQueues.ts'
import * as auditSinkService from '../services/auditSinkService.ts'
import { permanent } from './errors.ts'
import type { JobHandler } from './steps.ts'

/** Sends one test event. What the receiver did is the result; a repeated test event does no harm. */
export const auditSinkTest: JobHandler<TestPayload> = {
  kind: declared.kind,
  parse: (payload) => declared.payload.parse(payload),
  steps: [
    {
      name: 'send',
      title: 'Sending a test event',
      run: async (run) => {
        const sink = await run.read((ctx) => auditSinkService.forTest(ctx, run.payload.sinkId))
        if (!sink) throw permanent('sink_gone', 'The sink was deleted.')
        try {
          await auditSinkService.sendTest(run.root, sink)
        } catch (error) {
          if (error instanceof OutgoingFault)
            throw permanent('sink_refused', `Not delivered: ${error.message}.`)
          throw error
        }
      },
      idempotent: true,
    },
  ],
}
