import type { DomainConnection } from '../../../shared/api/domainConnections.ts'
import type { SslPodDelivery } from '../../../shared/api/sslTargets.ts'
import type { Ctx } from '../../context.ts'
import * as targets from '../../db/sslTargets.ts'
import type { TargetRow } from '../../db/sslTargets.ts'
import { AppError } from '../../errors.ts'
import { holds, type Identity } from '../userService.ts'
import { known } from './knowing.ts'
import { addTarget, removeTarget } from './targets.ts'

/** The pod that a domain leads to as the place where its certificate is delivered. */

type Asked = SslPodDelivery & { podId: string }

const isInPod = (target: TargetRow, podId: string): boolean =>
  target.pod_id === podId && target.kind !== 'webhook'

const isSame = (target: TargetRow, asked: Asked): boolean =>
  target.kind === asked.kind &&
  (asked.kind === 'agent' ||
    (target.chain_path === asked.chainPath &&
      target.key_path === asked.keyPath &&
      target.reload === asked.reload))

async function inPod(ctx: Ctx, certificateId: string, podId: string): Promise<TargetRow[]> {
  const row = await known(ctx, certificateId)
  return (await targets.of(ctx.tx, row.tenant_id, certificateId)).filter((one) => isInPod(one, podId))
}

/**
 * Brings a certificate into a pod in this way, now and after each renewal; another way into the same pod ends.
 * @throws AppError forbidden, and those of `addTarget`
 */
export async function deliverToPod(
  ctx: Ctx,
  identity: Identity,
  certificateId: string,
  asked: Asked,
): Promise<void> {
  const { tenant_id: tenantId } = await known(ctx, certificateId)
  if (!holds(identity, 'ssl:manage', tenantId))
    throw new AppError('forbidden', 'You need the permission ssl:manage to have a certificate delivered.', {
      details: { permission: 'ssl:manage' },
    })
  const there = await inPod(ctx, certificateId, asked.podId)
  for (const target of there) if (!isSame(target, asked)) await removeTarget(ctx, certificateId, target.id)
  if (there.some((target) => isSame(target, asked))) return
  await addTarget(ctx, identity, certificateId, { ...asked, host: null, port: 443 })
}

/** Nothing more of a certificate is brought into a pod. What it has stays there. */
export async function leavePod(ctx: Ctx, certificateId: string, podId: string): Promise<void> {
  for (const target of await inPod(ctx, certificateId, podId))
    await removeTarget(ctx, certificateId, target.id)
}

/**
 * Brings another certificate into a pod, in the way in which it gets this one: as when the names of a domain change.
 * @throws AppError forbidden, and those of `addTarget`
 */
export async function takeOverDelivery(
  ctx: Ctx,
  identity: Identity,
  from: string,
  to: { certificateId: string; podId: string },
): Promise<void> {
  for (const target of await inPod(ctx, from, to.podId)) {
    const { kind, chain_path: chainPath, key_path: keyPath, reload } = target
    await removeTarget(ctx, from, target.id)
    if (kind === 'agent') await deliverToPod(ctx, identity, to.certificateId, { kind, podId: to.podId })
    if (chainPath !== null && keyPath !== null && reload !== null) {
      const asked = { kind: 'guest', chainPath, keyPath, reload, podId: to.podId } as const
      await deliverToPod(ctx, identity, to.certificateId, asked)
    }
  }
}

/** How a pod gets a certificate, and how far that is; null: it does not. */
export async function deliveryTo(
  ctx: Ctx,
  tenantId: string,
  certificateId: string,
  podId: string,
): Promise<DomainConnection['delivery']> {
  const target = (await targets.of(ctx.tx, tenantId, certificateId)).find((one) => isInPod(one, podId))
  if (!target || target.kind === 'webhook') return null
  return { kind: target.kind, state: target.state, problem: target.problem }
}
