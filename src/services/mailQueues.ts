import { z } from 'zod'
import type { Ctx } from '../context.ts'
import { enqueue } from './provisioningQueues.ts'

const sendPayload = z.object({ mailId: z.string() })
export type SendPayload = z.infer<typeof sendPayload>

/** Sends a mail that was written before. */
export const mailSend = { kind: 'mail.send', payload: sendPayload } as const

/** The decision to write has been made: that who wanted it loses a right meanwhile does not stop the mail. */
export const enqueueSend = (ctx: Ctx, mail: { id: string; template: string }): Promise<{ id: string }> =>
  enqueue(
    { ...ctx, permission: undefined },
    {
      queue: 'system',
      kind: mailSend.kind,
      tenantId: null,
      subject: { type: 'mail', id: mail.id, label: mail.template },
      payload: { mailId: mail.id },
      idempotencyKey: `mail:${mail.id}`,
      priority: 80,
    },
  )

const resetPayload = z.object({ email: z.string(), requestedFrom: z.string().nullable() })
export type ResetPayload = z.infer<typeof resetPayload>

/** Looks whether an e-mail is somebody's, and writes to him. Asked for by anybody, so the request itself looks at nothing. */
export const passwordReset = { kind: 'auth.passwordReset', payload: resetPayload } as const

export const enqueuePasswordReset = (ctx: Ctx, email: string): Promise<{ id: string }> =>
  enqueue(ctx, {
    queue: 'system',
    kind: passwordReset.kind,
    tenantId: null,
    subject: { type: 'user', id: null, label: 'password reset' },
    payload: { email, requestedFrom: ctx.ip ?? null },
    priority: 80,
    maxAttempts: 5,
  })
