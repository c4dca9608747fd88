import type { z } from 'zod'
import type {
  SslDeployments,
  SslTarget,
  SslTargetMade,
  sslTargetCreate,
} from '../../../shared/api/sslTargets.ts'
import { canSsl } from '../../../shared/states/ssl.ts'
import type { Ctx } from '../../context.ts'
import * as pods from '../../db/cloudPods.ts'
import * as deployments from '../../db/sslDeployments.ts'
import type { ListOptions } from '../../db/list.ts'
import * as targets from '../../db/sslTargets.ts'
import type { TargetRow } from '../../db/sslTargets.ts'
import { AppError, notFound, requireAllowed } from '../../errors.ts'
import { randomToken } from '../../lib/crypto.ts'
import { newId } from '../../lib/ids.ts'
import { holds, type Identity } from '../userService.ts'
import { deliver, purposeOfTarget } from './delivering.ts'
import { known, lockKnown, say } from './knowing.ts'
import { invalid } from './naming.ts'
import { presentDeployment, presentTarget } from './presenting.ts'

const MAX_TARGETS = 50

/** Where a certificate is delivered to, and what was last seen. @throws AppError not_found */
export async function deploymentsOf(ctx: Ctx, id: string): Promise<SslDeployments> {
  const row = await known(ctx, id)
  return {
    targets: (await targets.of(ctx.tx, row.tenant_id, id)).map(presentTarget),
    items: (await deployments.of(ctx.tx, row.tenant_id, id)).map(presentDeployment),
  }
}

export async function findings(ctx: Ctx, options: ListOptions) {
  const page = await deployments.findings(ctx.tx, ctx.scope, options)
  return { items: page.items.map(presentDeployment), nextCursor: page.nextCursor }
}

type Asked = z.infer<typeof sslTargetCreate>

type Place = { name: string; podId: string | null }

/** A webhook, or a pod of the tenant that lives and can be reached in this way. @throws AppError not_found, invalid_input, forbidden */
async function placeOf(ctx: Ctx, identity: Identity, tenantId: string, asked: Asked): Promise<Place> {
  if (asked.kind === 'webhook') return { name: asked.name, podId: null }
  const pod = await pods.find(ctx.tx, tenantId, asked.podId)
  if (!pod || pod.state === 'deleting' || pod.state === 'deleted') throw notFound('CloudPod')
  const place = { name: pod.hostname, podId: pod.id }
  if (asked.kind === 'agent') return place
  if (pod.kind === 'ct')
    throw invalid(
      'podId',
      'A container has no guest agent, and Proxmox VE has no other way in: have an agent with an API key fetch the certificate, or use a webhook.',
    )
  // Its command is run inside the machine, as root.
  if (!holds(identity, 'cloudpods:console', tenantId))
    throw new AppError('forbidden', 'You need the permission cloudpods:console for this.', {
      details: { permission: 'cloudpods:console' },
    })
  return place
}

/**
 * Has a certificate delivered somewhere, now and after each renewal.
 * @throws AppError not_found, invalid_input, forbidden, quota_exceeded, already_exists
 */
export async function addTarget(
  ctx: Ctx,
  identity: Identity,
  certificateId: string,
  asked: Asked,
): Promise<SslTargetMade> {
  const row = await lockKnown(ctx, certificateId)
  const { name, podId } = await placeOf(ctx, identity, row.tenant_id, asked)
  const others = await targets.of(ctx.tx, row.tenant_id, certificateId)
  if (others.length >= MAX_TARGETS)
    throw new AppError(
      'quota_exceeded',
      `It is delivered to ${MAX_TARGETS} places already: remove one that is not needed.`,
    )
  if (others.some((one) => one.kind === asked.kind && one.pod_id === podId && one.name === name))
    throw new AppError('already_exists', `It is delivered to ${name} in this way already.`)
  const id = newId()
  const secret = asked.kind === 'webhook' ? `whsec_${randomToken()}` : null
  await targets.insert(ctx.tx, {
    id,
    tenant_id: row.tenant_id,
    certificate_id: certificateId,
    kind: asked.kind,
    name,
    pod_id: podId,
    host: asked.host,
    port: asked.port,
    wanted_at: ctx.now(),
    created_at: ctx.now(),
    ...(asked.kind === 'webhook' && {
      address: asked.address,
      ca_pem: asked.caPem,
      with_key: asked.withKey,
      secret_sealed: ctx.sealer.seal(secret ?? '', purposeOfTarget(id)),
    }),
    ...(asked.kind === 'guest' && {
      chain_path: asked.chainPath,
      key_path: asked.keyPath,
      reload: asked.reload,
    }),
  })
  await say(ctx, row, 'SSL_TARGET_ADDED', { targetId: id, name, ...asked, caPem: undefined })
  if (row.state === 'issued') await deliver(ctx, row, await knownTarget(ctx, row.tenant_id, id))
  return { ...presentTarget(await knownTarget(ctx, row.tenant_id, id)), secret }
}

/** @throws AppError not_found */
async function knownTarget(ctx: Ctx, tenantId: string, id: string): Promise<TargetRow> {
  const target = await targets.lock(ctx.tx, tenantId, id)
  if (!target) throw notFound('target')
  return target
}

/** The certificate of a target, and the target. @throws AppError not_found */
async function locked(ctx: Ctx, certificateId: string, targetId: string) {
  const row = await lockKnown(ctx, certificateId)
  const target = await knownTarget(ctx, row.tenant_id, targetId)
  if (target.certificate_id !== certificateId) throw notFound('target')
  return { row, target }
}

/** What it has stays there; it gets nothing new. @throws AppError not_found */
export async function removeTarget(ctx: Ctx, certificateId: string, targetId: string): Promise<void> {
  const { row, target } = await locked(ctx, certificateId, targetId)
  await targets.update(ctx.tx, targetId, { ended_at: ctx.now(), check_at: null })
  await deployments.forget(ctx.tx, row.tenant_id, targetId)
  await say(ctx, row, 'SSL_TARGET_REMOVED', { targetId, name: target.name })
}

/** Delivers the current version once more. @throws AppError not_found, invalid_state */
export async function deliverAgain(
  ctx: Ctx,
  certificateId: string,
  targetId: string,
): Promise<{ target: SslTarget; jobId: string | null }> {
  const { row, target } = await locked(ctx, certificateId, targetId)
  requireAllowed(canSsl.deliver(row))
  await say(ctx, row, 'SSL_DELIVERY_REQUESTED', { targetId, name: target.name })
  const jobId = await deliver(ctx, row, target)
  return { target: presentTarget(await knownTarget(ctx, row.tenant_id, targetId)), jobId }
}
