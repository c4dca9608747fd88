import type { Ctx } from '../context.ts'
import * as tokens from '../db/singleUseTokens.ts'
import { AppError } from '../errors.ts'
import { randomToken, sha256 } from '../lib/crypto.ts'
import { newId } from '../lib/ids.ts'

const HOUR_MS = 3_600_000

/** How long a link counts, and the page it leads to. */
const KINDS = {
  password_reset: { lastsMs: HOUR_MS, page: 'reset' },
  invitation: { lastsMs: 72 * HOUR_MS, page: 'invitation' },
  email_change: { lastsMs: HOUR_MS, page: 'confirm-email' },
} as const satisfies Record<tokens.Purpose, { lastsMs: number; page: string }>

type Link = { url: string; expiresAt: Date }

/**
 * Makes the link of a mail; the subject's earlier ones of this purpose end. The token is in the fragment, which no
 * browser sends to a server or in a Referer, and the address comes from the configuration, never from a request.
 */
export async function issue(
  ctx: Ctx,
  purpose: tokens.Purpose,
  subjectId: string,
  email: string | null = null,
): Promise<Link> {
  const { lastsMs, page } = KINDS[purpose]
  const now = ctx.now()
  const token = randomToken()
  const expiresAt = new Date(now.getTime() + lastsMs)
  await tokens.endAll(ctx.tx, purpose, subjectId, now)
  await tokens.insert(ctx.tx, {
    id: newId(),
    purpose,
    subject_id: subjectId,
    email,
    token_hash: sha256(token),
    created_at: now,
    expires_at: expiresAt,
  })
  return { url: `${ctx.settings.publicUrl}/${page}#t=${token}`, expiresAt }
}

/** What a link that still counts is for; it stays unused. @throws AppError link_expired */
export async function look(ctx: Ctx, purpose: tokens.Purpose, token: string) {
  const found = await tokens.find(ctx.tx, purpose, sha256(token), ctx.now())
  if (!found) throw expired()
  return { subjectId: found.subject_id, email: found.email, expiresAt: found.expires_at }
}

/** Uses a link up: of parallel tries one succeeds. @throws AppError link_expired */
export async function use(ctx: Ctx, purpose: tokens.Purpose, token: string) {
  const found = await tokens.use(ctx.tx, purpose, sha256(token), ctx.now())
  if (!found) throw expired()
  return { subjectId: found.subject_id, email: found.email }
}

export const end = (ctx: Ctx, purpose: tokens.Purpose, subjectId: string): Promise<void> =>
  tokens.endAll(ctx.tx, purpose, subjectId, ctx.now())

/** How many were made for a subject within the last hour. */
export const countOfHour = (ctx: Ctx, purpose: tokens.Purpose, subjectId: string): Promise<number> =>
  tokens.countSince(ctx.tx, purpose, subjectId, new Date(ctx.now().getTime() - HOUR_MS))

export const expired = (): AppError =>
  new AppError(
    'link_expired',
    'This link does not count any more: it was used, is too old, or a newer one was sent. Ask for a new one.',
  )
