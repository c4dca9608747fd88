import type { PauseRequest, QueueOverview } from '../../../shared/api/provisioningControls.ts'
import { QUEUES, type PauseOf } from '../../../shared/states/provisioningJob.ts'
import type { Ctx } from '../../context.ts'
import * as controls from '../../db/provisioningControls.ts'
import * as infrastructure from '../../db/provisioningInfrastructure.ts'
import { AppError } from '../../errors.ts'
import { isUuid } from '../../lib/ids.ts'
import * as auditService from '../auditService.ts'
import { confirmDatabase } from './restored.ts'

export const isStopped = (ctx: Ctx): Promise<boolean> => controls.isStopped(ctx.tx)

const LATELY_MS = 3_600_000
const NOTHING = {
  oldest_ready: null,
  scheduled: 0,
  blocked: 0,
  ready: 0,
  running: 0,
  stuck: 0,
  succeeded: 0,
  failed: 0,
}

/** What is paused and limited, and how much waits, runs and has lately ended, by queue and kind. */
export async function queueOverview(ctx: Ctx): Promise<QueueOverview> {
  const since = new Date(ctx.now().getTime() - LATELY_MS)
  const pauses = await controls.pauses(ctx.tx)
  const limits = await controls.limits(ctx.tx)
  const queues = new Map((await controls.queueFigures(ctx.tx, since)).map((one) => [one.queue, one]))
  const names = await namesOf(ctx, [...pauses.map(({ which }) => which), ...limits.map(({ name }) => name)])
  return {
    stopped: pauses.some(({ what }) => what === 'all'),
    pauses: pauses.map(({ what, which, reason, by, at }) => ({
      what,
      which,
      label: names.get(which) ?? which,
      reason,
      by: (by as { label: string }).label,
      at: at.toISOString(),
    })),
    queues: QUEUES.map((queue) => {
      const { oldest_ready: oldest, ...figures } = queues.get(queue) ?? NOTHING
      return { ...figures, queue, oldestReady: oldest?.toISOString() ?? null }
    }),
    kinds: await controls.kindFigures(ctx.tx, since),
    limits: limits.map((limit) => ({ ...limit, label: names.get(limit.name) ?? limit.name })),
  }
}

/** Pauses and limits name nodes and clusters by id: what people call them. */
async function namesOf(ctx: Ctx, all: readonly string[]): Promise<Map<string, string>> {
  const idIn = (name: string): string => name.split(/[:/]/).find(isUuid) ?? ''
  const found = new Map(
    (await infrastructure.namesOf(ctx.tx, all.map(idIn).filter(Boolean))).map(
      ({ id, name }) => [id, name] as const,
    ),
  )
  return new Map(
    all.map((name) => {
      const [kind, which] = name.includes(':') ? name.split(':') : [undefined, name]
      const id = idIn(name)
      const called = which === '*' ? 'each of the others' : (which ?? '').replace(id, found.get(id) ?? id)
      return [name, kind === undefined ? called : `${kind}: ${called}`]
    }),
  )
}

/**
 * Stops starting jobs of a queue, a node or a kind; what runs goes on. `all` is the emergency stop: running jobs are put
 * back at their next step, and nothing automatic is done either.
 * @throws AppError not_found for an unknown queue or node, already_exists
 */
export async function pause(ctx: Ctx, { what, which, reason }: PauseRequest): Promise<QueueOverview> {
  await requireKnown(ctx, what, which)
  const entry = { what, which, reason, by: ctx.actor, at: ctx.now() }
  if (!(await controls.pause(ctx.tx, entry))) throw new AppError('already_exists', 'It is paused already.')
  return changed(ctx, what === 'all' ? 'AUTOMATION_STOPPED' : 'QUEUE_PAUSED', what, which, { reason })
}

/** @throws AppError not_found when it is not paused */
export async function resume(ctx: Ctx, what: PauseOf, which: string): Promise<QueueOverview> {
  if (!(await controls.resume(ctx.tx, what, which))) throw new AppError('not_found', 'It is not paused.')
  if (what === 'all') await confirmDatabase(ctx)
  return changed(ctx, what === 'all' ? 'AUTOMATION_RESUMED' : 'QUEUE_RESUMED', what, which)
}

/**
 * Says how many jobs that name a limit may run at once; null takes its own number away. What runs already goes on.
 * @throws AppError invalid_input for taking a general limit away
 */
export async function setLimit(ctx: Ctx, name: string, capacity: number | null): Promise<QueueOverview> {
  if (capacity === null && name.endsWith(':*'))
    throw new AppError('invalid_input', 'capacity: a general limit cannot be taken away, only changed.', {
      errors: [{ path: 'capacity', message: 'a general limit cannot be taken away, only changed' }],
    })
  const before = await controls.setLimit(ctx.tx, name, capacity)
  ctx.enqueued.any = true
  await auditService.record(ctx, {
    action: 'JOB_LIMIT_CHANGED',
    tenantId: null,
    target: { type: 'jobLimit', id: name },
    diff: { capacity: [before, capacity] },
  })
  return queueOverview(ctx)
}

async function changed(
  ctx: Ctx,
  action: string,
  what: PauseOf,
  which: string,
  details?: Record<string, unknown>,
): Promise<QueueOverview> {
  ctx.enqueued.any = true
  await auditService.record(ctx, {
    action,
    tenantId: null,
    target: { type: what === 'all' ? 'automation' : what, id: which },
    details,
  })
  return queueOverview(ctx)
}

/** @throws AppError not_found */
async function requireKnown(ctx: Ctx, what: PauseOf, which: string): Promise<void> {
  const known = {
    all: () => which === '*',
    queue: () => QUEUES.some((queue) => queue === which),
    node: async () => isUuid(which) && (await infrastructure.namesOf(ctx.tx, [which])).length > 0,
    // A kind that no job has yet can be paused before it has one.
    kind: () => /^[a-zA-Z][\w.-]{2,60}$/.test(which),
  }
  if (!(await known[what]())) throw new AppError('not_found', `There is no ${what} "${which}".`)
}
