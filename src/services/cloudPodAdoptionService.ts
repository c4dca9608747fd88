import type { CloudPodAdopt } from '../../shared/api/cloudPodAdoption.ts'
import { canCustomer } from '../../shared/states/customer.ts'
import type { Ctx } from '../context.ts'
import * as podAddresses from '../db/cloudPodAddresses.ts'
import * as adoption from '../db/cloudPodAdoption.ts'
import * as billing from '../db/billing.ts'
import * as customers from '../db/customers.ts'
import * as pods from '../db/cloudPods.ts'
import type { PodRow } from '../db/cloudPods.ts'
import * as reservations from '../db/cloudPodReservations.ts'
import { violatedConstraint } from '../db/index.ts'
import * as infrastructure from '../db/provisioningInfrastructure.ts'
import { AppError, notFound, requireAllowed } from '../errors.ts'
import { newId } from '../lib/ids.ts'
import * as cloudPodQueues from './cloudPodQueues.ts'
import * as cloudPodQuotas from './cloudPodQuotas.ts'
import * as cloudPodService from './cloudPodService.ts'
import { emit } from './cloudPods/changes.ts'
import * as strangerAddresses from './cloudPods/strangerAddresses.ts'
import { hostnameTaken } from './cloudPods/reserve.ts'

export {
  addressOf,
  factsOf,
  fixedAddresses,
  get as getStranger,
  list as listStrangers,
} from './cloudPods/strangers.ts'

const invalid = (path: string, message: string): AppError =>
  new AppError('invalid_input', message, { errors: [{ path, message }] })

/**
 * Makes a pod of a guest that runs already: what it holds is written down as the pod's, its job proves that the guest is
 * as it was seen, marks it and hands it over. Nothing inside the guest changes, and it is not restarted.
 * @throws AppError not_found, invalid_input, invalid_state, plan_not_allowed, quota_exceeded, conflict, hostname_taken
 */
export async function adopt(ctx: Ctx, body: CloudPodAdopt): Promise<cloudPodService.Accepted> {
  await requireOrderable(ctx, body)
  const { guest, tenantId, clusterId } = body
  const wanted = guest.ipv6 === null ? [body.address] : [body.address, guest.ipv6]
  await cloudPodQuotas.requireRoom(ctx, tenantId, { ...guest, pods: 1, addresses: wanted.length })
  await reservations.lockCluster(ctx.tx, clusterId)
  const nodeId = await adoption.nodeNamed(ctx.tx, clusterId, guest.node)
  if (nodeId === undefined)
    throw invalid('guest.node', `The cluster has no node ${guest.node}: look at the guest again.`)
  const pod = await insertPod(ctx, body, nodeId)
  const at = ctx.now()
  if (!(await adoption.takeVmid(ctx.tx, { clusterId, vmid: body.vmid, podId: pod.id, at })))
    throw new AppError('conflict', `The guest ${body.vmid} belongs to a pod already.`)
  // Its own addresses were kept from pods while it was a stranger.
  await strangerAddresses.giveBack(ctx, clusterId, body.vmid)
  for (const address of wanted) await takeAddress(ctx, pod, address, address === body.address)
  await reservations.reserveCapacity(ctx.tx, { ...guest, podId: pod.id, tenantId, nodeId, at })
  await podAddresses.countAddresses(ctx.tx, pod.id)
  const { clusterId: cluster, vmid } = body
  await emit(
    ctx,
    pod,
    'CLOUDPOD_ADOPTION_REQUESTED',
    { state: [null, 'creating'] },
    { cluster, vmid, ...guest },
  )
  return cloudPodService.answer(ctx, pod, await cloudPodQueues.enqueueAdopt(ctx, pod))
}

async function takeAddress(ctx: Ctx, pod: PodRow, address: string, isPrimary: boolean): Promise<void> {
  const pool = await adoption.poolWith(ctx.tx, pod.cluster_id, address)
  if (!pool)
    throw invalid(
      isPrimary ? 'address' : 'guest.ipv6',
      `No address pool of the cluster has ${address}: add the pool first.`,
    )
  const given = { poolId: pool.id, address, tenantId: pod.tenant_id, podId: pod.id, at: ctx.now(), isPrimary }
  if (!(await adoption.takeAddress(ctx.tx, given)))
    throw new AppError('conflict', `${address} is held by another pod. See the pool ${pool.name}.`)
}

async function requireOrderable(ctx: Ctx, body: CloudPodAdopt): Promise<void> {
  const { tenantId, customerId } = body
  if (customerId !== null) {
    const customer = await customers.keep(ctx.tx, tenantId, customerId)
    if (!customer) throw notFound('customer')
    requireAllowed(canCustomer.order(customer))
  }
  const plan = await billing.findPlan(ctx.tx, body.planId)
  if (!plan || (plan.tenant_id ?? tenantId) !== tenantId) throw notFound('plan')
  const blueprint = await infrastructure.findBlueprint(ctx.tx, body.blueprintId)
  if (!blueprint || (blueprint.tenant_id ?? tenantId) !== tenantId) throw notFound('blueprint')
  if (blueprint.kind !== body.guest.kind)
    throw invalid('blueprintId', `The blueprint ${blueprint.name} is of another kind than the guest.`)
}

async function insertPod(ctx: Ctx, body: CloudPodAdopt, nodeId: string): Promise<PodRow> {
  const at = ctx.now()
  try {
    return await pods.insert(ctx.tx, {
      id: newId(),
      tenant_id: body.tenantId,
      customer_id: body.customerId,
      subscription_id: null,
      hostname: body.hostname,
      kind: body.guest.kind,
      plan_id: body.planId,
      blueprint_id: body.blueprintId,
      cores: body.guest.cores,
      memory_mb: body.guest.memoryMb,
      disk_gb: body.guest.diskGb,
      ssh_keys: null,
      cluster_id: body.clusterId,
      node_id: nodeId,
      vmid: body.vmid,
      mac: body.guest.mac,
      state: 'creating',
      created_at: at,
      updated_at: at,
    })
  } catch (error) {
    if (violatedConstraint(error) !== 'cloud_pods_hostname') throw error
    throw hostnameTaken(body.hostname)
  }
}

/** Ends an adoption that could not be done: the guest is a stranger's again, with its VMID and its address. */
export async function markFailed(ctx: Ctx, tenantId: string, id: string, problem: string): Promise<void> {
  const pod = await pods.lock(ctx.tx, tenantId, id)
  if (!pod) throw notFound('CloudPod')
  await adoption.leaveToStranger(ctx.tx, id, `the guest ${pod.vmid}, which did not become a pod`)
  await cloudPodService.markFailed(ctx, tenantId, id, problem)
}
