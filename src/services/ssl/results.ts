import type { X509Certificate } from 'node:crypto'
import type { Ctx } from '../../context.ts'
import * as certificates from '../../db/sslCertificates.ts'
import type { CertificateRow } from '../../db/sslCertificates.ts'
import * as issuers from '../../db/sslIssuers.ts'
import * as orders from '../../db/sslOrders.ts'
import { notFound } from '../../errors.ts'
import { ariIdOf, certificatesIn, factsOf } from '../../lib/x509/read.ts'
import { pauseAfter, renewalByLife } from '../../lib/x509/renewal.ts'
import type { IssuePayload, RevokePayload } from '../sslQueues.ts'
import { deliverAll } from './delivering.ts'
import { hasAlternative } from './issuers.ts'
import { lock, say } from './knowing.ts'
import { renewCrl } from './revoking.ts'

/** What is kept of a chain. */
export function factsOfVersion(chain: readonly X509Certificate[]) {
  const [leaf] = chain
  if (!leaf) throw new Error('a chain has a certificate')
  const { serial, fingerprint, issuerName, keyType, notBefore, notAfter } = factsOf(leaf)
  return {
    chain_pem: chain.map((one) => one.toString().trim()).join('\n') + '\n',
    serial,
    fingerprint,
    issuer_name: issuerName,
    key_type: keyType,
    ari_id: ariIdOf(leaf),
    not_before: notBefore,
    not_after: notAfter,
  }
}

const NO_PROBLEM = {
  problem_code: null,
  problem: null,
  failure_class: null,
  failures: 0,
  avoid_issuer_id: null,
} as const

/** What was issued is in force from now on; what was before is kept. */
export async function markIssued(
  ctx: Ctx,
  of: { tenantId: string; certificateId: string },
  made: { versionId: string; issuerId: string; chainPem: string; keySealed: Buffer; asksCa: boolean },
): Promise<void> {
  const row = await lock(ctx, of)
  const facts = factsOfVersion(certificatesIn(made.chainPem))
  await certificates.insertVersion(ctx.tx, {
    id: made.versionId,
    tenant_id: row.tenant_id,
    certificate_id: row.id,
    issuer_id: made.issuerId,
    key_sealed: made.keySealed,
    created_at: ctx.now(),
    ...facts,
  })
  await certificates.update(ctx.tx, row.id, {
    ...NO_PROBLEM,
    state: 'issued',
    action: null,
    version_id: made.versionId,
    not_after: facts.not_after,
    due_at: renewalByLife({ notBefore: facts.not_before, notAfter: facts.not_after }),
    ari_start: null,
    ari_end: null,
    ari_url: null,
    ari_poll_at: made.asksCa ? ctx.now() : null,
    checked_at: null,
    updated_at: ctx.now(),
  })
  await say(ctx, row, 'SSL_ISSUED', {
    names: row.names,
    issuer: facts.issuer_name,
    fingerprint: facts.fingerprint,
    notAfter: facts.not_after,
    versionId: made.versionId,
  })
  await deliverAll(ctx, { ...row, version_id: made.versionId })
}

type FailureClass = NonNullable<CertificateRow['failure_class']>

const CLASSES: Record<string, FailureClass> = {
  caa_forbids: 'blocked',
  domain_not_proven: 'blocked',
  dns_not_ours: 'blocked',
  tenant_not_active: 'blocked',
  challenge_failed: 'validation',
  not_authorized: 'validation',
  not_served: 'validation',
  name_refused: 'validation',
  caa: 'blocked',
  order_invalid: 'validation',
  budget_spent: 'issuer',
  rate_limited: 'issuer',
  issuer_error: 'issuer',
  unreachable: 'issuer',
  no_answer: 'issuer',
  validation_late: 'issuer',
  account_missing: 'issuer',
  external_account: 'issuer',
}

/** Nothing came of it: when the next attempt is depends on whose fault it was, and how often it was tried. */
export async function markFailed(
  ctx: Ctx,
  of: { tenantId: string; certificateId: string; orderId?: string },
  error: { code: string; message: string },
): Promise<void> {
  const row = await lock(ctx, of)
  const order = of.orderId === undefined ? undefined : await orders.find(ctx.tx, of.tenantId, of.orderId)
  const now = ctx.now()
  if (order)
    await orders.update(ctx.tx, order.id, {
      state: 'failed',
      problem_code: error.code,
      problem: error.message,
      key_sealed: null,
      ended_at: now,
    })
  await noteFailure(ctx, row, error, order && { issuerId: order.issuer_id, retryAt: order.retry_at })
}

export async function noteFailure(
  ctx: Ctx,
  row: CertificateRow,
  error: { code: string; message: string },
  asked?: { issuerId: string; retryAt: Date | null },
): Promise<void> {
  const now = ctx.now()
  const failureClass = CLASSES[error.code] ?? 'other'
  const failures = row.failures + 1
  const issuerFailed = failureClass === 'issuer' && asked !== undefined
  const other = issuerFailed && row.issuer_id === null && (await hasAlternative(ctx, asked.issuerId))
  const pause = new Date(now.getTime() + pauseAfter(other ? 1 : failures))
  const retryAt = asked?.retryAt ?? null
  const dueAt = !other && retryAt !== null && retryAt > pause ? retryAt : pause
  // A person has stopped it: a person begins it anew.
  const stopped = error.code === 'cancelled' && row.version_id === null
  await certificates.update(ctx.tx, row.id, {
    action: null,
    problem_code: error.code,
    problem: error.message,
    failure_class: failureClass,
    failures,
    avoid_issuer_id: other ? asked.issuerId : null,
    due_at: stopped || row.state === 'removed' ? null : dueAt,
    updated_at: now,
  })
  await say(
    ctx,
    row,
    failureClass === 'blocked' ? 'SSL_BLOCKED' : 'SSL_FAILED',
    { ...error, class: failureClass, failures, nextAttempt: stopped ? null : dueAt },
    'error',
  )
}

/** What a CA has issued for an order. */
export async function finishOrder(
  ctx: Ctx,
  { tenantId, certificateId, orderId }: IssuePayload,
  chainPem: string,
): Promise<void> {
  const order = await orders.find(ctx.tx, tenantId, orderId)
  if (!order?.key_sealed) throw notFound('order')
  await orders.update(ctx.tx, orderId, { state: 'valid', key_sealed: null, ended_at: ctx.now() })
  await markIssued(
    ctx,
    { tenantId, certificateId },
    { versionId: orderId, issuerId: order.issuer_id, chainPem, keySealed: order.key_sealed, asksCa: true },
  )
}

export async function markRevoked(ctx: Ctx, payload: RevokePayload): Promise<void> {
  const row = await lock(ctx, payload)
  await certificates.revokeVersion(ctx.tx, payload.versionId, payload.reason, ctx.now())
  await certificates.update(ctx.tx, row.id, {
    ...NO_PROBLEM,
    state: 'revoked',
    action: null,
    due_at: null,
    ari_poll_at: null,
    updated_at: ctx.now(),
  })
  const version = await certificates.findVersion(ctx.tx, row.tenant_id, payload.versionId)
  const issuer = version?.issuer_id ? await issuers.find(ctx.tx, version.issuer_id) : undefined
  if (issuer?.kind === 'private') await renewCrl(ctx)
  await say(ctx, row, 'SSL_REVOKED', { versionId: payload.versionId, reason: payload.reason })
}

/** It is as it was. */
export async function markRevokeFailed(
  ctx: Ctx,
  payload: RevokePayload,
  error: { code: string; message: string },
): Promise<void> {
  const row = await lock(ctx, payload)
  await certificates.update(ctx.tx, row.id, {
    action: null,
    problem_code: error.code,
    problem: error.message,
    failure_class: 'other',
    updated_at: ctx.now(),
  })
  await say(ctx, row, 'SSL_REVOKE_FAILED', error, 'error')
}
