import type { Ctx } from '../../context.ts'
import * as targets from '../../db/sslTargets.ts'
import type { TargetRow } from '../../db/sslTargets.ts'
import type { CertificateRow, VersionRow } from '../../db/sslCertificates.ts'
import { AppError } from '../../errors.ts'
import { isLost } from '../../lib/crypto.ts'
import { pauseAfter } from '../../lib/x509/renewal.ts'
import { enqueueDelivery, type DeliverPayload } from '../sslQueues.ts'
import { known, lock, keyOf, say, versionInForce } from './knowing.ts'

/** Current versions on their way to where they are used. What was there before stays in use until they are served. */

/** The secret by which deliveries of a webhook are signed is sealed for it alone. */
export const purposeOfTarget = (targetId: string): string => `sslTarget:${targetId}`

/** A target is looked at for the first time so soon after something was to change there. */
const FIRST_LOOK_MS = 10_000

/** There is a new version: every target is to have it. */
export async function deliverAll(ctx: Ctx, row: CertificateRow): Promise<void> {
  for (const target of await targets.of(ctx.tx, row.tenant_id, row.id)) {
    await targets.update(ctx.tx, target.id, { wanted_at: ctx.now(), failures: 0 })
    await deliver(ctx, row, target)
  }
}

/** Has the current version delivered by a job; an agent fetches it by itself. @returns the job */
export async function deliver(ctx: Ctx, row: CertificateRow, target: TargetRow): Promise<string | null> {
  const job = target.kind === 'agent' ? null : await enqueueDelivery(ctx, row, target)
  await targets.update(ctx.tx, target.id, {
    state: 'waiting',
    problem_code: null,
    problem: null,
    job_id: job?.id ?? null,
    check_at: new Date(ctx.now().getTime() + FIRST_LOOK_MS),
  })
  return job?.id ?? null
}

type Delivery = {
  certificate: CertificateRow
  target: TargetRow
  version: VersionRow
  keyPem: string
  /** What deliveries to a webhook are signed by. */
  secret: string
}

/** What deliveries are signed by; empty for what is no webhook. @throws AppError secret_lost */
function secretOf(ctx: Ctx, { id, secret_sealed: sealed }: TargetRow): string {
  if (isLost(sealed))
    throw new AppError(
      'secret_lost',
      'The secret that signs what is sent here was lost with the secret key of mPanel: remove this webhook and add it anew.',
    )
  return sealed === null ? '' : ctx.sealer.open(sealed, purposeOfTarget(id))
}

/** What a job is to deliver; null when there is nothing any more, or it is there already. */
export async function openDelivery(ctx: Ctx, payload: DeliverPayload): Promise<Delivery | null> {
  const certificate = await known(ctx, payload.certificateId)
  const target = await targets.find(ctx.tx, payload.tenantId, payload.targetId)
  const version = await versionInForce(ctx, certificate)
  if (!target || !version || certificate.state !== 'issued') return null
  if (target.state !== 'waiting' && target.version_id === version.id) return null
  return {
    certificate,
    target,
    version,
    keyPem: keyOf(ctx, version),
    secret: secretOf(ctx, target),
  }
}

/** The target has it: whether it serves it is looked at from now on. */
export async function markDelivered(
  ctx: Ctx,
  payload: DeliverPayload,
  version: Pick<VersionRow, 'id' | 'fingerprint'>,
): Promise<void> {
  const row = await lock(ctx, payload)
  const target = await targets.lock(ctx.tx, payload.tenantId, payload.targetId)
  if (!target) return
  const isCurrent = row.version_id === version.id
  await targets.update(ctx.tx, target.id, {
    version_id: version.id,
    delivered_at: ctx.now(),
    ...(isCurrent
      ? { state: 'delivered', check_at: ctx.now(), failures: 0, problem_code: null, problem: null }
      : {}),
  })
  await say(ctx, row, 'SSL_DELIVERED', {
    target: target.name,
    kind: target.kind,
    fingerprint: version.fingerprint,
    withKey: target.kind !== 'webhook' || target.with_key,
  })
}

/** It is tried again after a pause, which grows. What the target had before stays there. */
export async function markDeliveryFailed(
  ctx: Ctx,
  payload: DeliverPayload,
  error: { code: string; message: string },
): Promise<void> {
  const row = await lock(ctx, payload)
  const target = await targets.lock(ctx.tx, payload.tenantId, payload.targetId)
  if (!target) return
  const failures = target.failures + 1
  const nextAttempt = new Date(ctx.now().getTime() + pauseAfter(failures))
  await targets.update(ctx.tx, target.id, {
    state: 'failed',
    failures,
    problem_code: error.code,
    problem: error.message,
    check_at: nextAttempt,
  })
  await say(
    ctx,
    row,
    'SSL_DELIVERY_FAILED',
    { target: target.name, ...error, failures, nextAttempt },
    'error',
  )
}
