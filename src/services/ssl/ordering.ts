import type { Ctx } from '../../context.ts'
import * as certificates from '../../db/sslCertificates.ts'
import type { CertificateRow } from '../../db/sslCertificates.ts'
import * as orders from '../../db/sslOrders.ts'
import type { SslOrder } from '../../../shared/api/ssl.ts'
import * as issuerRows from '../../db/sslIssuers.ts'
import { notFound } from '../../errors.ts'
import { newId } from '../../lib/ids.ts'
import { enqueueIssue, enqueueSign } from '../sslQueues.ts'
import { issuerFor } from './issuers.ts'
import { say, versionInForce } from './knowing.ts'

/** Why something is issued; it stands in the audit log. */
type Cause = 'request' | 'person' | 'renewal' | 'retry'

/** Begins to have a certificate issued: the order and its job are there from now on, one at a time. */
export async function begin(ctx: Ctx, row: CertificateRow, cause: Cause): Promise<{ id: string }> {
  const issuer = await issuerFor(ctx, { issuerId: row.issuer_id, avoid: row.avoid_issuer_id })
  const id = newId()
  await certificates.update(ctx.tx, row.id, { action: 'issue', updated_at: ctx.now() })
  await say(ctx, row, 'SSL_ISSUE_REQUESTED', { names: row.names, cause, issuer: issuer.name })
  if (issuer.kind === 'private') return enqueueSign(ctx, row, id)
  const present = await versionInForce(ctx, row)
  await orders.insert(ctx.tx, {
    id,
    tenant_id: row.tenant_id,
    certificate_id: row.id,
    issuer_id: issuer.id,
    name_set: row.name_set,
    // Only the CA that has issued it knows it.
    replaces: present?.issuer_id === issuer.id && present.state === 'current' ? present.ari_id : null,
    created_at: ctx.now(),
  })
  const job = await enqueueIssue(ctx, row, id)
  await orders.update(ctx.tx, id, { job_id: job.id })
  return job
}

/** What was asked of CAs for a certificate, the latest first. @throws AppError not_found */
export async function ordersOf(ctx: Ctx, certificateId: string): Promise<{ items: SslOrder[] }> {
  const row = await certificates.find(ctx.tx, certificateId)
  if (!row) throw notFound('certificate')
  const found = await orders.latestOf(ctx.tx, row.tenant_id, certificateId)
  const challenges = await orders.challengesOf(
    ctx.tx,
    row.tenant_id,
    found.map(({ id }) => id),
  )
  const names = new Map<string, string>()
  for (const issuerId of new Set(found.map((order) => order.issuer_id)))
    names.set(issuerId, (await issuerRows.find(ctx.tx, issuerId))?.name ?? '')
  return {
    items: found.map((order) => ({
      id: order.id,
      state: order.state,
      issuer: names.get(order.issuer_id) ?? '',
      jobId: order.job_id,
      problem:
        order.problem === null || order.problem_code === null
          ? null
          : { code: order.problem_code, message: order.problem },
      retryAt: order.retry_at?.toISOString() ?? null,
      createdAt: order.created_at.toISOString(),
      endedAt: order.ended_at?.toISOString() ?? null,
      challenges: challenges
        .filter((challenge) => challenge.order_id === order.id)
        .map((challenge) => ({
          name: challenge.wildcard ? `*.${challenge.name}` : challenge.name,
          type: challenge.type,
          state: stateOf(challenge),
        })),
    })),
  }
}

function stateOf(challenge: orders.ChallengeRow): 'planned' | 'presented' | 'answered' | 'cleaned' {
  if (challenge.cleaned_at !== null) return 'cleaned'
  if (challenge.answered_at !== null) return 'answered'
  return challenge.presented_at === null ? 'planned' : 'presented'
}
