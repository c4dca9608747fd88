import type {
  CloudPodFirewall,
  SecurityGroup,
  SecurityGroupCreate,
  SecurityGroupUpdate,
  SecurityRule,
} from '../../shared/api/cloudPodFirewall.ts'
import type { Job } from '../../shared/api/provisioning.ts'
import { canPod } from '../../shared/states/cloudPod.ts'
import { told, type Ctx } from '../context.ts'
import * as pods from '../db/cloudPods.ts'
import type { PodRow } from '../db/cloudPods.ts'
import { violatedConstraint } from '../db/index.ts'
import type { ListOptions } from '../db/list.ts'
import * as groups from '../db/cloudPodFirewall.ts'
import type { GroupView } from '../db/cloudPodFirewall.ts'
import { AppError, notFound, requireAllowed, requireVersion } from '../errors.ts'
import { newId } from '../lib/ids.ts'
import * as auditService from './auditService.ts'
import { emit, lockPod } from './cloudPods/changes.ts'
import * as cloudPodQueues from './cloudPodQueues.ts'
import type { PodPayload } from './cloudPodQueues.ts'
import * as provisioningService from './provisioningService.ts'

const present = (row: GroupView): SecurityGroup => ({
  id: row.id,
  tenantId: row.tenant_id,
  name: row.name,
  description: row.description,
  rules: row.rules as SecurityRule[],
  pods: row.pods,
  version: row.version,
  createdAt: row.created_at.toISOString(),
  updatedAt: row.updated_at.toISOString(),
})

export async function list(ctx: Ctx, options: ListOptions) {
  const page = await groups.list(ctx.tx, ctx.scope, options)
  return { items: page.items.map(present), nextCursor: page.nextCursor }
}

/** @throws AppError not_found */
export async function get(ctx: Ctx, id: string): Promise<SecurityGroup> {
  const row = await groups.find(ctx.tx, ctx.scope, id)
  if (!row) throw notFound('security group')
  return present(row)
}

async function unlessTaken<T>(work: Promise<T>): Promise<T> {
  return work.catch((error: unknown) => {
    if (violatedConstraint(error) !== 'security_groups_tenant_id_name_key') throw error
    const message = 'There is already a security group of this name.'
    throw new AppError('already_exists', message, { errors: [{ path: 'name', message }] })
  })
}

const say = (ctx: Ctx, group: SecurityGroup, action: string, diff: Record<string, [unknown, unknown]>) =>
  auditService.record(ctx, {
    action,
    tenantId: group.tenantId,
    target: { type: 'securityGroup', id: group.id, label: group.name },
    diff,
  })

/** @throws AppError already_exists */
export async function create(ctx: Ctx, body: SecurityGroupCreate): Promise<SecurityGroup> {
  const id = newId()
  const at = ctx.now()
  await unlessTaken(
    groups.insert(ctx.tx, {
      id,
      tenant_id: body.tenantId,
      name: body.name,
      description: body.description,
      rules: JSON.stringify(body.rules),
      created_at: at,
      updated_at: at,
    }),
  )
  const made = await get(ctx, id)
  await say(ctx, made, 'SECURITY_GROUP_CREATED', { rules: [null, made.rules] })
  return made
}

/**
 * Changes a group, and has every pod under it told of its new rules.
 * @throws AppError not_found, precondition_failed, already_exists
 */
export async function update(
  ctx: Ctx,
  id: string,
  change: SecurityGroupUpdate,
  version: number | undefined,
): Promise<{ group: SecurityGroup; jobs: number }> {
  const before = await groups.lock(ctx.tx, id)
  if (!before) throw notFound('security group')
  requireVersion(before.version, version)
  await unlessTaken(
    groups.update(ctx.tx, id, {
      name: change.name,
      description: change.description,
      rules: change.rules && JSON.stringify(change.rules),
      version: before.version + 1,
      updated_at: ctx.now(),
    }),
  )
  const group = await get(ctx, id)
  const old = { name: before.name, description: before.description, rules: before.rules }
  const { name, description, rules } = group
  const diff = auditService.diffOf<Record<string, unknown>>(old, { name, description, rules })
  await say(ctx, group, 'SECURITY_GROUP_UPDATED', diff)
  const under = diff.rules === undefined ? [] : await groups.podsUnder(ctx.tx, id)
  for (const { id: podId, tenantId } of under)
    await cloudPodQueues.enqueueFirewall(ctx, await lockPod(ctx, tenantId, podId))
  return { group, jobs: under.length }
}

/** @throws AppError not_found; conflict while pods are under it */
export async function remove(ctx: Ctx, id: string): Promise<void> {
  if (!(await groups.lock(ctx.tx, id))) throw notFound('security group')
  const group = await get(ctx, id)
  if (group.pods > 0 || !(await groups.remove(ctx.tx, id)))
    throw new AppError('conflict', 'Pods are under this group: take them out of it first.')
  await say(ctx, group, 'SECURITY_GROUP_DELETED', { rules: [group.rules, null] })
}

async function view(ctx: Ctx, pod: PodRow): Promise<CloudPodFirewall> {
  const under = (await groups.ofPod(ctx.tx, pod.tenant_id, pod.id)).map(present)
  return {
    managed: pod.firewall_managed,
    clusterOn: await groups.clusterFirewall(ctx.tx, pod.cluster_id),
    otherwise: under.length > 0 ? 'drop' : 'accept',
    groups: under,
    provenAt: pod.firewall_at?.toISOString() ?? null,
    problem: told(ctx, pod.firewall_problem, 'It could not be set. Your provider sees the details.'),
  }
}

/** @throws AppError not_found */
export async function ofPod(ctx: Ctx, tenantId: string, podId: string): Promise<CloudPodFirewall> {
  const pod = await pods.find(ctx.tx, tenantId, podId)
  if (!pod) throw notFound('CloudPod')
  return view(ctx, pod)
}

/**
 * Puts a pod under these groups, in this order, and no others; its guest is told by a job.
 * @throws AppError not_found, invalid_state
 */
export async function assign(
  ctx: Ctx,
  tenantId: string,
  podId: string,
  groupIds: readonly string[],
): Promise<{ firewall: CloudPodFirewall; job: Job }> {
  const pod = await lockPod(ctx, tenantId, podId)
  requireAllowed(canPod.measure(pod))
  const before = (await groups.ofPod(ctx.tx, tenantId, podId)).map(({ name }) => name)
  const wanted = [...new Set(groupIds)]
  for (const id of wanted) {
    const group = await groups.find(ctx.tx, ctx.scope, id)
    if (!group || (group.tenant_id ?? tenantId) !== tenantId) throw notFound('security group')
  }
  await groups.assign(ctx.tx, pod, wanted)
  const after = await pods.update(ctx.tx, podId, {
    firewall_managed: true,
    firewall_at: null,
    firewall_problem: null,
    updated_at: ctx.now(),
  })
  const firewall = await view(ctx, after)
  await emit(ctx, pod, 'CLOUDPOD_FIREWALL_REQUESTED', {
    groups: [before, firewall.groups.map(({ name }) => name)],
  })
  const { id } = await cloudPodQueues.enqueueFirewall(ctx, after)
  return { firewall, job: await provisioningService.getJob(ctx, id) }
}

/** The guest's firewall was read back as it should be. */
export async function markProven(ctx: Ctx, { tenantId, podId }: PodPayload): Promise<void> {
  const pod = await lockPod(ctx, tenantId, podId)
  await pods.update(ctx.tx, podId, {
    firewall_managed: true,
    firewall_at: ctx.now(),
    firewall_problem: null,
    updated_at: ctx.now(),
  })
  await emit(ctx, pod, 'CLOUDPOD_FIREWALL_SET', { managed: [pod.firewall_managed, true] })
}

/** It could not be set as it should be; how far it came, the next comparison says. */
export async function markFailed(ctx: Ctx, { tenantId, podId }: PodPayload, problem: string): Promise<void> {
  const pod = await lockPod(ctx, tenantId, podId)
  await pods.update(ctx.tx, podId, { firewall_problem: problem, updated_at: ctx.now() })
  await emit(ctx, pod, 'CLOUDPOD_FIREWALL_FAILED', {}, { problem })
}
