import type { Ctx } from '../context.ts'
import * as mails from '../db/mails.ts'
import * as users from '../db/userRights.ts'
import type { Letter } from '../integrations/mail/types.ts'
import * as tenants from '../db/tenants.ts'
import { AppError } from '../errors.ts'
import { isLost } from '../lib/crypto.ts'
import { newId } from '../lib/ids.ts'
import { spoken, wordsIn } from '../words.ts'
import { enqueueSend } from './mailQueues.ts'
import { oneLine, render } from './mail/render.ts'
import { messageOf, type Facts, type Template } from './mail/templates.ts'
import * as tenantScopeService from './tenantScopeService.ts'
import * as settingsService from './tenantSettingsService.ts'

type Body = Pick<Letter, 'fromName' | 'replyTo' | 'language' | 'text' | 'html'>

/** An invoice, or a credit note over it. */
type Along = { invoiceId: string; creditNote?: string }

const purposeOf = (id: string): string => `mail:${id}`

/** `language`: what its reader has chosen, if he has; else it is that of who writes. */
export type Recipient = { email: string; tenantId: string | null; language: string | null }

/** A mail, and the job that sends it. */
type Written = { id: string; jobId: string }

/**
 * Writes a mail in the caller's transaction, and the job that sends it.
 * @param to.tenantId whose mail it is, and in whose name; null: the platform's
 * @param along the document that goes along with it
 */
export async function send<T extends Template>(
  ctx: Ctx,
  to: Recipient,
  template: T,
  facts: Facts<T>,
  along: Along | null = null,
): Promise<Written> {
  return tenantScopeService.asPlatform(ctx, (wide) =>
    write(wide, { ...to, along }, to.tenantId, template, facts),
  )
}

/** The same to a user about his account: in the name of the one tenant he belongs to, else of the platform. */
export async function sendToUser<T extends Template>(
  ctx: Ctx,
  user: { id: string; email: string },
  template: T,
  facts: Facts<T>,
): Promise<Written> {
  return tenantScopeService.asPlatform(ctx, async (wide) => {
    const { brand, language } = await users.readerOf(wide.tx, user.id)
    return write(wide, { email: user.email, tenantId: null, language }, brand, template, facts)
  })
}

type Notice = 'passwordChanged' | 'newDevice' | 'secondFactorRemoved'

/** Tells a user what was done to his account, and from where. */
export const notify = (ctx: Ctx, user: { id: string; email: string }, notice: Notice) =>
  sendToUser(ctx, user, notice, { from: originOf(ctx) })

export const originOf = (ctx: Ctx) => ({
  ip: ctx.ip ?? null,
  userAgent: ctx.userAgent ?? null,
  at: ctx.now(),
})

async function write<T extends Template>(
  ctx: Ctx,
  to: Recipient & { along?: Along | null },
  brandOf: string | null,
  template: T,
  facts: Facts<T>,
): Promise<Written> {
  const id = newId()
  const brand = await settingsService.brandingOf(ctx, brandOf)
  const zone = brandOf === null ? undefined : (await tenants.find(ctx.tx, brandOf))?.billing_tz
  const words = wordsIn(spoken(to.language, brand.language), zone)
  const logo = brand.logo === null ? null : new URL(brand.logo, ctx.settings.publicUrl).href
  const { subject, text, html } = render(words, messageOf(words, template, facts), { ...brand, logo })
  const sender = { fromName: oneLine(brand.name), replyTo: brand.supportAddress }
  const body: Body = { ...sender, language: words.tag, text, html }
  await mails.insert(ctx.tx, {
    id,
    tenant_id: to.tenantId,
    recipient: to.email,
    subject,
    template,
    body: ctx.sealer.seal(JSON.stringify(body), purposeOf(id)),
    invoice_id: to.along?.invoiceId ?? null,
    credit_note_id: to.along?.creditNote ?? null,
    created_at: ctx.now(),
  })
  const job = await enqueueSend(ctx, { id, template })
  return { id, jobId: job.id }
}

/** What is inside a mail; undefined once it was removed. */
export function bodyOf(
  ctx: Pick<Ctx, 'sealer'>,
  mail: { id: string; body: Buffer | null },
): Body | undefined {
  if (mail.body === null) return undefined
  if (isLost(mail.body))
    throw new AppError('secret_lost', 'What was in this mail was lost with the secret key of mPanel.')
  // Mails that a version before has written are English and do not say so.
  const written = JSON.parse(ctx.sealer.open(mail.body, purposeOf(mail.id))) as Omit<Body, 'language'> &
    Partial<Body>
  return { language: 'en', ...written }
}

export type Queued = {
  letter: Letter
  since: Date
  along: (Along & { tenantId: string }) | null
}

/** A mail that still waits to be sent, as the mail server gets it; undefined when it was settled before. */
export async function queued(ctx: Ctx, id: string): Promise<Queued | undefined> {
  const mail = await mails.find(ctx.tx, id)
  const body = mail?.state === 'queued' ? bodyOf(ctx, mail) : undefined
  if (!mail || !body) return undefined
  const { tenant_id: tenantId, invoice_id: invoiceId, credit_note_id: creditNote } = mail
  return {
    letter: { id, to: mail.recipient, subject: mail.subject, ...body, files: [] },
    since: mail.created_at,
    along:
      tenantId === null || invoiceId === null
        ? null
        : { tenantId, invoiceId, ...(creditNote !== null && { creditNote }) },
  }
}

export const settle = (
  ctx: Ctx,
  id: string,
  state: 'sent' | 'failed' | 'kept',
  error: string | null = null,
): Promise<boolean> => mails.settle(ctx.tx, id, state, ctx.now(), error)

export const noteError = (ctx: Ctx, id: string, error: string): Promise<void> =>
  mails.noteError(ctx.tx, id, error)
