import { z } from 'zod'
import type { Ctx } from '../context.ts'
import { enqueue } from './provisioningQueues.ts'

const testPayload = z.object({ sinkId: z.string() })
export type TestPayload = z.infer<typeof testPayload>

/** Sends one test event to a receiver. */
export const auditSinkTest = { kind: 'audit.sinkTest', payload: testPayload } as const

export const enqueueSinkTest = (
  ctx: Ctx,
  sink: { id: string; tenantId: string | null; name: string },
): Promise<{ id: string }> =>
  enqueue(ctx, {
    queue: 'system',
    kind: auditSinkTest.kind,
    tenantId: sink.tenantId,
    subject: { type: 'auditSink', id: sink.id, label: sink.name },
    serialKey: `auditSink:${sink.id}`,
    payload: { sinkId: sink.id },
    maxAttempts: 3,
    priority: 50,
  })
