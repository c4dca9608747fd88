import { z } from 'zod'
import { id, listQuery, timestamp } from './common.ts'

const MAIL_STATES = ['queued', 'sent', 'failed', 'kept'] as const

/** A mail without what is in it. kept: there is no mail server, so it stays in mPanel's own outbox. */
const mail = z.object({
  id,
  tenantId: id.nullable(),
  to: z.string(),
  subject: z.string(),
  template: z.string(),
  state: z.enum(MAIL_STATES),
  lastError: z.string().nullable(),
  createdAt: timestamp,
  /** When it was sent, kept or given up; null while it waits. */
  settledAt: timestamp.nullable(),
})
export type Mail = z.infer<typeof mail>

export const mailList = listQuery
  .omit({ tenantId: true })
  .extend({ state: z.enum(MAIL_STATES).optional(), q: z.string().max(320).optional() })

/** `outbox`: no mail server is set, and what is in the mails can be read. */
export const mailPage = z.object({
  items: z.array(mail),
  nextCursor: z.string().nullable(),
  outbox: z.boolean(),
})
export type MailPage = z.infer<typeof mailPage>

/** A mail that was written to the caller, and the job that says what became of it. */
export const mailTested = z.object({ to: z.string(), jobId: id })
export type MailTested = z.infer<typeof mailTested>

export const mailBody = mail.extend({
  fromName: z.string(),
  replyTo: z.string().nullable(),
  /** As BCP 47 has it. */
  language: z.string(),
  text: z.string(),
})
export type MailBody = z.infer<typeof mailBody>
