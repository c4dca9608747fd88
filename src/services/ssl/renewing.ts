import { asSystem, type Ctx, type Root } from '../../context.ts'
import * as certificates from '../../db/sslCertificates.ts'
import type { CertificateRow } from '../../db/sslCertificates.ts'
import * as issuers from '../../db/sslIssuers.ts'
import type { AcmeRenewalInfo } from '../../integrations/acme/types.ts'
import { isLost } from '../../lib/crypto.ts'
import { inLanes } from '../../lib/lanes.ts'
import { renewalAt } from '../../lib/x509/renewal.ts'
import * as tenantScopeService from '../tenantScopeService.ts'
import { say } from './knowing.ts'
import { noteFailure } from './results.ts'
import { accountFor } from './accounts.ts'
import { unprovenNames } from './progress.ts'
import { begin } from './ordering.ts'

const AT_ONCE = 200
const HOUR_MS = 3_600_000
const ARI_EVERY_MS = 6 * HOUR_MS
const ARI_AT_MOST_MS = 24 * HOUR_MS
const SIDE_BY_SIDE = 8
const ARI_AT_ONCE = 400

/** Begins what is due: renewals, and attempts that waited after a failure. A few at a time, so that a CA is not overrun. */
export async function renewDue(root: Root): Promise<void> {
  await asSystem(root, 'ssl.renew', 'platform', async (ctx) => {
    for (const row of await certificates.due(ctx.tx, ctx.now(), AT_ONCE)) await renewOne(ctx, row)
  })
}

async function renewOne(ctx: Ctx, row: CertificateRow): Promise<void> {
  // Who is suspended keeps what he has; nothing new is issued for him, and nothing at all for who is closed.
  const active = await tenantScopeService.isActive(ctx, row.tenant_id)
  if (!active && row.state === 'pending')
    return noteFailure(ctx, row, { code: 'tenant_not_active', message: 'The tenant is not active.' })
  const open = await unprovenNames(ctx, row)
  if (open.length > 0)
    return noteFailure(ctx, row, {
      code: 'domain_not_proven',
      message: `The tenant has no verified domain that holds ${open.slice(0, 5).join(', ')}: prove it again, or remove the certificate.`,
    })
  await begin(ctx, row, row.failures > 0 ? 'retry' : 'renewal')
}

type Asked = Awaited<ReturnType<typeof certificates.takeForAri>>[number]

/** Asks CAs when they want certificates renewed (RFC 9773). That one does not answer never stops a renewal. */
export async function askForWindows(root: Root): Promise<void> {
  const taken = await asSystem(root, 'ssl.ari', 'platform', (ctx) => {
    const now = ctx.now().getTime()
    return certificates.takeForAri(ctx.tx, new Date(now), new Date(now + ARI_EVERY_MS), ARI_AT_ONCE)
  })
  await inLanes(taken, SIDE_BY_SIDE, (row) => askForOne(root, row))
}

async function askForOne(root: Root, row: Asked): Promise<void> {
  const account = await asSystem(root, 'ssl.ari', 'platform', async (ctx) => {
    const issuer = await issuers.find(ctx.tx, row.issued_by)
    return issuer && !isLost(issuer.eab_key_sealed) && (await accountFor(ctx, issuer))
  })
  // The CA stops answering for what has ended.
  if (!account || (row.not_after !== null && row.not_after <= root.now())) return
  const answer = await root.vendors.acme(account.connection).renewalInfo(row.ari_id)
  if (answer.outcome !== 'ok')
    return root.log.info({ certificateId: row.id, said: answer.message }, 'a CA did not say when to renew')
  await asSystem(root, 'ssl.ari', 'platform', (ctx) => keepWindow(ctx, row, answer.value))
}

async function keepWindow(ctx: Ctx, asked: Asked, found: AcmeRenewalInfo | null): Promise<void> {
  const row = await certificates.lock(ctx.tx, asked.tenant_id, asked.id)
  if (!row || row.version_id !== asked.version_id || row.not_after === null || row.state !== 'issued') return
  // This CA does not say: its directory is looked at again after the next renewal.
  if (found === null) return void (await certificates.update(ctx.tx, row.id, { ari_poll_at: null }))
  const now = ctx.now().getTime()
  const pollAt = new Date(now + Math.min(found.retryAfterMs ?? ARI_EVERY_MS, ARI_AT_MOST_MS))
  const same =
    row.ari_start?.getTime() === found.start.getTime() && row.ari_end?.getTime() === found.end.getTime()
  if (same) return void (await certificates.update(ctx.tx, row.id, { ari_poll_at: pollAt }))
  const dueAt = renewalAt({ notBefore: asked.not_before, notAfter: row.not_after }, found)
  await certificates.update(ctx.tx, row.id, {
    ari_start: found.start,
    ari_end: found.end,
    ari_url: found.explanationUrl,
    ari_poll_at: pollAt,
    // After a failure its pause counts.
    ...(row.problem === null ? { due_at: dueAt } : {}),
  })
  await say(ctx, row, 'SSL_RENEWAL_SCHEDULED', {
    start: found.start,
    end: found.end,
    dueAt,
    explanation: found.explanationUrl,
  })
}
