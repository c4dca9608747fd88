import type { Mail, MailBody, MailTested } from '../../shared/api/mails.ts'
import type { Ctx } from '../context.ts'
import type { ListOptions } from '../db/list.ts'
import * as mails from '../db/mails.ts'
import * as users from '../db/users.ts'
import { AppError, notFound } from '../errors.ts'
import * as auditService from './auditService.ts'
import { bodyOf, sendToUser } from './mailService.ts'
import * as userAdminService from './userAdminService.ts'
import type { Identity } from './userService.ts'

type Row = Awaited<ReturnType<typeof mails.list>>['items'][number]

const present = (row: Row): Mail => ({
  id: row.id,
  tenantId: row.tenant_id,
  to: row.recipient,
  subject: row.subject,
  template: row.template,
  state: row.state,
  lastError: row.last_error,
  createdAt: row.created_at.toISOString(),
  settledAt: row.settled_at?.toISOString() ?? null,
})

export async function list(ctx: Ctx, filter: { state?: mails.MailState; q?: string }, options: ListOptions) {
  const page = await mails.list(ctx.tx, filter, options)
  return {
    items: page.items.map(present),
    nextCursor: page.nextCursor,
    outbox: ctx.vendors.mail === null,
  }
}

/**
 * A kept mail with its text. Whoever reads it could use its link, so it is shown only where no mail server is set, to
 * people who have at least the rights of its reader, and the audit log says who has read it.
 * @throws AppError not_found, invalid_state where mails are really sent or the body is gone, forbidden
 */
export async function read(ctx: Ctx, identity: Identity, id: string): Promise<MailBody> {
  const mail = await mails.find(ctx.tx, id)
  if (!mail) throw notFound('mail')
  if (ctx.vendors.mail !== null)
    throw new AppError('invalid_state', 'Mails are sent by a mail server: what is in them is not shown.')
  const reader = await users.findByEmail(ctx.tx, mail.recipient)
  if (reader && reader.id !== identity.user.id)
    await userAdminService.requireAbove(ctx, identity, reader.id, false)
  if (mail.template === 'invitation' && mail.tenant_id === null) userAdminService.requireSuper(identity)
  const body = bodyOf(ctx, mail)
  if (!body) throw new AppError('invalid_state', 'What was in this mail has been removed.')
  await auditService.record(ctx, {
    action: 'MAIL_READ',
    tenantId: mail.tenant_id,
    target: { type: 'mail', id, label: mail.subject },
    details: { to: mail.recipient },
  })
  const { fromName, replyTo, language, text } = body
  return { ...present(mail), fromName, replyTo, language, text }
}

/** Writes a mail to the caller, so that he sees whether mails arrive. Without a mail server it is kept like all others. */
export async function test(ctx: Ctx, { user: { id, email } }: Identity): Promise<MailTested> {
  const { hostname } = new URL(ctx.settings.publicUrl)
  const mail = await sendToUser(ctx, { id, email }, 'mailTest', { host: hostname })
  await auditService.record(ctx, {
    action: 'MAIL_TESTED',
    tenantId: null,
    target: { type: 'mail', id: mail.id, label: email },
  })
  return { to: email, jobId: mail.jobId }
}
