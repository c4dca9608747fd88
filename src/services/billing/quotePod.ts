import { NOT_ACTIVE } from '../../../shared/states/cloudPod.ts'
import { told, type Ctx } from '../../context.ts'
import type { SubscriptionRow } from '../../db/billing.ts'
import * as reservations from '../../db/cloudPodReservations.ts'
import type { Resources } from '../../db/cloudPodReservations.ts'
import * as pods from '../../db/cloudPods.ts'
import type { PodRow } from '../../db/cloudPods.ts'
import type { ErrorCode } from '../../errors.ts'
import * as cloudPodService from '../cloudPodService.ts'

export type Blocker = { code: ErrorCode; message: string }
export type PodOutlook = {
  id: string
  hostname: string
  from: Resources
  to: Resources
  resized: boolean
  grows: boolean
  needsRestart: boolean
}
type WishedPlan = {
  id: string
  name: string
  cores: number
  memory_mb: number
  disk_gb: number
  node_tags: string[]
}

const BY_PLAN = { byPlatform: true }

/** What a plan makes of a subscription's pod, and what stands against it. */
export async function podOutlook(
  ctx: Ctx,
  { tenant_id, id }: SubscriptionRow,
  plan: WishedPlan,
  when: 'now' | 'period_end',
): Promise<{ pod: PodOutlook | null; blockers: Blocker[] }> {
  const pod = await pods.ofSubscription(ctx.tx, tenant_id, id)
  if (!pod || pod.state === 'deleted' || pod.state === 'failed')
    return { pod: null, blockers: [{ code: 'invalid_state', message: 'The subscription has no CloudPod.' }] }
  const outlook = outlookOf(pod, plan)
  const blockers =
    pod.state === 'active'
      ? await againstIt(ctx, pod, plan, outlook, when)
      : [{ code: 'invalid_state' as const, message: NOT_ACTIVE[pod.state] }]
  return { pod: outlook, blockers }
}

function outlookOf(pod: PodRow, plan: WishedPlan): PodOutlook {
  const from = { cores: pod.cores, memoryMb: pod.memory_mb, diskGb: pod.disk_gb }
  const to = { cores: plan.cores, memoryMb: plan.memory_mb, diskGb: plan.disk_gb }
  const another = to.cores !== from.cores || to.memoryMb !== from.memoryMb
  return {
    id: pod.id,
    hostname: pod.hostname,
    from,
    to,
    resized: another || to.diskGb !== from.diskGb,
    grows: to.cores > from.cores || to.memoryMb > from.memoryMb || to.diskGb > from.diskGb,
    needsRestart: another && pod.kind === 'vm' && pod.power_state !== 'stopped',
  }
}

async function againstIt(
  ctx: Ctx,
  pod: PodRow,
  plan: WishedPlan,
  { from, to, resized, grows }: PodOutlook,
  when: 'now' | 'period_end',
): Promise<Blocker[]> {
  const found: Blocker[] = []
  if (to.diskGb < from.diskGb)
    found.push({
      code: 'plan_not_allowed',
      message: `A disk only grows: the CloudPod has ${from.diskGb} GiB, and the plan ${plan.name} has ${to.diskGb}.`,
    })
  if (plan.id !== pod.plan_id) found.push(...(await againstItsNode(ctx, pod, plan)))
  if (!resized) return found
  const { refusals } = await cloudPodService.previewResize(ctx, pod.tenant_id, pod.id, to, BY_PLAN)
  // What the pod is busy with today, and a quota that is used up, are nothing to one that shrinks with the next period.
  const later = ['plan_not_allowed', ...(grows ? ['quota_exceeded', 'no_node_fits'] : [])]
  const counts = (code: string): boolean => (when === 'now' ? code !== 'invalid_input' : later.includes(code))
  return [...found, ...refusals.filter(({ code }) => counts(code)).map((one) => one as Blocker)]
}

/** A plan may ask for a node of another kind. */
export async function againstItsNode(
  ctx: Ctx,
  pod: PodRow,
  plan: Pick<WishedPlan, 'name' | 'node_tags'>,
): Promise<Blocker[]> {
  const node = await reservations.nodeOf(ctx.tx, pod.node_id)
  const lacking = plan.node_tags.filter((tag) => !node?.tags.includes(tag))
  if (lacking.length === 0) return []
  const raw = `The plan ${plan.name} asks for a node with the tags ${lacking.join(', ')}: move the CloudPod to one first.`
  const message = told(
    ctx,
    raw,
    `The CloudPod cannot get the plan ${plan.name} where it is: ask your provider.`,
  )
  return [{ code: 'no_node_fits', message: message ?? raw }]
}
