import type { CloudPodConsoleTicket } from '../../shared/api/cloudPodConsole.ts'
import { canPod } from '../../shared/states/cloudPod.ts'
import type { ConsoleEnd } from '../../shared/states/cloudPodConsole.ts'
import type { Ctx, Root } from '../context.ts'
import * as consoles from '../db/cloudPodConsoles.ts'
import * as pods from '../db/cloudPods.ts'
import type { PodRow } from '../db/cloudPods.ts'
import { AppError, requireAllowed } from '../errors.ts'
import type { GuestConsole, ProxmoxConnection } from '../integrations/proxmox/types.ts'
import { randomToken, sha256 } from '../lib/crypto.ts'
import { newId } from '../lib/ids.ts'
import { emit, lockPod } from './cloudPods/changes.ts'
import { ConsoleRefused, openConsoleOf } from './cloudPods/consoleAt.ts'
import * as provisioningService from './provisioningService.ts'
import * as tenantScopeService from './tenantScopeService.ts'
import * as settingsService from './tenantSettingsService.ts'
import type { Identity } from './userService.ts'

export { ConsoleRefused }
export type { GuestConsole }

const TICKET_MS = 30_000
/** An open console says so every few seconds; one that has not for so long does not count any more. */
const SILENT_MS = 120_000
/** Each holds a process on its node and two connections of ours. Enough for a second pair of eyes on a pod. */
const PER_POD = 4
const PER_CALLER = 8
/** So long after its ticket expired nobody asks any more how a console ended. */
const KEPT_MS = 24 * 3_600_000
/** All calls to the cluster together; what Proxmox opens waits ten seconds itself. */
const OPEN_MS = 15_000
const MINUTE_MS = 60_000

/** The ticket counts for this log-in or this key alone. */
const holderOf = ({ sessionId, actor }: Identity): string =>
  `${sessionId ? 'session' : actor.type}:${sessionId ?? actor.id}`

/**
 * A ticket for the console of a pod.
 * @throws AppError not_found; invalid_state when the pod is not active, is off, or has as many consoles as it may
 */
export async function issue(
  ctx: Ctx,
  tenantId: string,
  podId: string,
  identity: Identity,
): Promise<CloudPodConsoleTicket> {
  const pod = await lockPod(ctx, tenantId, podId)
  await requireConsole(ctx, pod)
  const ticket = randomToken()
  const expiresAt = new Date(ctx.now().getTime() + TICKET_MS)
  await consoles.insert(ctx.tx, {
    id: newId(),
    tenant_id: tenantId,
    pod_id: podId,
    holder: holderOf(identity),
    actor_id: ctx.actor.id ?? '',
    ticket_hash: sha256(ticket),
    created_at: ctx.now(),
    expires_at: expiresAt,
  })
  await emit(ctx, pod, 'CLOUDPOD_CONSOLE_REQUESTED', {})
  return {
    ticket,
    expiresAt: expiresAt.toISOString(),
    path: `/api/admin/hosting/cloudpods/${podId}/console`,
    kind: pod.kind === 'vm' ? 'vnc' : 'terminal',
  }
}

async function requireConsole(ctx: Ctx, pod: PodRow): Promise<void> {
  requireAllowed(
    canPod.console({ state: pod.state, powerState: pod.power_state, subscriptionId: pod.subscription_id }),
  )
  const since = new Date(ctx.now().getTime() - SILENT_MS)
  const actorId = ctx.actor.id ?? ''
  await consoles.lockActor(ctx.tx, actorId)
  if ((await consoles.countOpen(ctx.tx, { podId: pod.id }, since)) >= PER_POD)
    throw new AppError('invalid_state', `${PER_POD} consoles of this CloudPod are open: close one first.`)
  if ((await consoles.countOpen(ctx.tx, { actorId }, since)) >= PER_CALLER)
    throw new AppError('invalid_state', `You have ${PER_CALLER} consoles open: close one first.`)
}

/** A console whose ticket was used: what opening, watching and ending it needs. */
export type Begun = {
  id: string
  tenantId: string
  pod: PodRow
  connection: ProxmoxConnection
  idleMs: number
  maxMs: number
}

/**
 * Uses the ticket up.
 * @throws AppError ticket_refused; not_found, invalid_state as when it was issued, or for a tenant that is not active
 */
export async function begin(
  ctx: Ctx,
  tenantId: string,
  podId: string,
  { identity, ticket }: { identity: Identity; ticket: string },
): Promise<Begun> {
  await tenantScopeService.requireActive(ctx, tenantId)
  const pod = await lockPod(ctx, tenantId, podId)
  await requireConsole(ctx, pod)
  const row = await consoles.use(ctx.tx, {
    hash: sha256(ticket),
    tenantId,
    podId,
    holder: holderOf(identity),
    at: ctx.now(),
  })
  if (!row)
    throw new AppError(
      'ticket_refused',
      'This ticket does not count: it was used, is too old, or is for somebody else. Ask for a new one.',
    )
  const settings = await settingsService.effective(ctx, tenantId)
  return {
    id: row.id,
    tenantId,
    pod,
    connection: await provisioningService.clusterConnection(ctx, pod.cluster_id),
    idleMs: Number(settings['cloudPods.consoleIdleMinutes'].value) * MINUTE_MS,
    maxMs: Number(settings['cloudPods.consoleMaxMinutes'].value) * MINUTE_MS,
  }
}

/** Asks the cluster, outside of any transaction. @throws ConsoleRefused */
export function connect(root: Root, { pod, connection }: Begun, signal: AbortSignal): Promise<GuestConsole> {
  const limited = AbortSignal.any([signal, AbortSignal.timeout(OPEN_MS)])
  return openConsoleOf(root.vendors.proxmox(connection), pod, limited)
}

export async function markOpened(ctx: Ctx, { id, pod }: Begun): Promise<void> {
  await consoles.markOpened(ctx.tx, id, ctx.now())
  await emit(ctx, pod, 'CLOUDPOD_CONSOLE_OPENED', {}, { consoleId: id })
}

/** Says that the console is still there. @returns why it must end, or null */
export async function stillOpen(ctx: Ctx, { id, tenantId, pod }: Begun): Promise<ConsoleEnd | null> {
  const now = await pods.find(ctx.tx, tenantId, pod.id)
  if (now?.state !== 'active') return 'pod_gone'
  if (!(await tenantScopeService.isActive(ctx, tenantId))) return 'tenant_suspended'
  return (await consoles.touch(ctx.tx, id, ctx.now())) ? null : 'access_lost'
}

export type Traffic = { bytesIn: number; bytesOut: number }

/** It is over; also one that was never opened. Told twice, it is written down once. */
export async function markEnded(
  ctx: Ctx,
  { id, pod }: Begun,
  end: { why: ConsoleEnd; refusal?: string } & Traffic,
): Promise<void> {
  const row = await consoles.close(ctx.tx, id, end.why, ctx.now())
  if (!row) return
  if (row.opened_at === null) {
    await emit(ctx, pod, 'CLOUDPOD_CONSOLE_FAILED', {}, { consoleId: id, code: end.refusal ?? end.why })
    return
  }
  const seconds = Math.round((ctx.now().getTime() - row.opened_at.getTime()) / 1000)
  await emit(
    ctx,
    pod,
    'CLOUDPOD_CONSOLE_CLOSED',
    {},
    {
      consoleId: id,
      why: end.why,
      seconds,
      bytesIn: end.bytesIn,
      bytesOut: end.bytesOut,
    },
  )
}

/** Ends in the books what ended with its server, and forgets what is long over. */
export async function tidy(ctx: Ctx): Promise<void> {
  const now = ctx.now().getTime()
  for (const row of await consoles.silentSince(ctx.tx, new Date(now - SILENT_MS))) {
    await consoles.close(ctx.tx, row.id, 'server_stopped', ctx.now())
    if (row.opened_at === null || row.seen_at === null) continue
    const seconds = Math.round((row.seen_at.getTime() - row.opened_at.getTime()) / 1000)
    await emit(
      ctx,
      { id: row.pod_id, tenant_id: row.tenant_id, hostname: row.hostname },
      'CLOUDPOD_CONSOLE_CLOSED',
      {},
      { consoleId: row.id, why: 'server_stopped', seconds },
    )
  }
  await consoles.forgetBefore(ctx.tx, new Date(now - KEPT_MS))
}
