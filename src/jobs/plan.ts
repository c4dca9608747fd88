import type { JobPlan } from '../../shared/api/provisioningPlan.ts'
import type { Root } from '../context.ts'
import type { Database } from '../db/index.ts'
import * as reservations from '../db/cloudPodReservations.ts'
import * as jobs from '../db/provisioningJobs.ts'
import * as plans from '../db/provisioningPlan.ts'
import * as queue from '../db/queue.ts'
import type { JobRow, StepRow } from '../db/queue.ts'
import { AppError, notFound } from '../errors.ts'
import type { PlanEnds } from '../integrations/proxmox/types.ts'
import { newId } from '../lib/ids.ts'
import { createLogger } from '../lib/log.ts'
import { runJob, type JobHandler, type Step } from './steps.ts'

type AnyHandler = JobHandler<never>
type Planned = JobPlan['steps'][number]

/** Nothing is waited for: tasks that are only foreseen have ended when they begin. */
const PACE = { minWaitMs: 1, retryBaseMs: 1, pollTaskMs: 1 }

/**
 * Runs a waiting or stuck job up to its next rest, as a worker would, on a client of its cluster that changes nothing and
 * in a transaction that is never committed. What it then has asked for and written is the plan.
 * @throws AppError not_found; invalid_state for a job that runs or is over; conflict when something else holds what it
 *   works on; unavailable when the signal ends it
 */
export function planJob(
  root: Root,
  handlers: ReadonlyMap<string, AnyHandler>,
  id: string,
  signal: AbortSignal,
): Promise<JobPlan> {
  return root.db.rehearsal(async (db) => {
    const job = await db.transaction('platform', (tx) => plans.take(tx, id, `plan ${newId()}`))
    if (job === null)
      throw new AppError('invalid_state', 'The job is running, or over: there is nothing to plan.')
    const handler = handlers.get(job.kind)
    if (!handler) throw notFound('job')
    const rows = await db.transaction('platform', (tx) => queue.steps(tx, job.queue, id))
    const begun = root.now()
    const before = await costs(db, job)
    const course = courseOf(handler, rows)
    const ended = await rehearse(rootOf(root, db, course), course.handler, job, signal)
    const after = await costs(db, job)
    const [written, said] = await db.transaction('platform', async (tx) => [
      await plans.changes(tx),
      await plans.events(tx, job, begun),
    ])
    return {
      jobId: id,
      ...(course.ends() ?? ended),
      steps: course.steps,
      changes: written.filter(({ table }) => !OWN.test(table)),
      events: said.map(({ action, outcome, target_label, diff }) => ({
        action,
        outcome,
        target: target_label,
        diff: diff as Record<string, [unknown, unknown]> | null,
      })),
      costs: difference(before, after),
    }
  })
}

/** The tables of the queue and of the audit log. */
const OWN = /^(?:provisioning_job|audit_)/

async function rehearse(
  root: Root,
  handler: AnyHandler,
  job: JobRow,
  signal: AbortSignal,
): Promise<Pick<JobPlan, 'outcome' | 'message'>> {
  try {
    await runJob(root, handler, job, signal, PACE)
  } catch (error) {
    if (signal.aborted)
      throw new AppError('unavailable', 'The cluster took too long to answer. Try again.', { cause: error })
    throw error
  }
  const row = await root.db.transaction('platform', (tx) => jobs.find(tx, job.id))
  const message = (row?.error as { message?: string } | null)?.message ?? null
  if (row?.state === 'succeeded') return { outcome: 'succeeds', message: null }
  if (row?.state === 'scheduled' && LOCKED.test(row.waiting_for ?? ''))
    throw new AppError('conflict', 'Something else works on the same things just now. Try again in a moment.')
  if (row?.state === 'scheduled') return { outcome: 'waits', message: row.waiting_for }
  return { outcome: row?.state === 'stuck' ? 'stuck' : 'fails', message }
}

const LOCKED = /lock timeout/

/** The steps with what is foreseen of each, and the handler that tells which one it is at. */
function courseOf(handler: AnyHandler, rows: readonly StepRow[]) {
  const over = new Set(rows.filter(({ state }) => OVER.has(state)).map(({ name }) => name))
  const steps: Planned[] = handler.steps.map(({ name, title }) => ({
    name,
    title,
    reached: over.has(name) ? 'done' : 'later',
    calls: [],
  }))
  let at: Planned | undefined
  let ends: string | undefined
  const told =
    (name: string, work: (...args: never[]) => Promise<unknown>) =>
    async (...args: never[]): Promise<unknown> => {
      at = steps.find((step) => step.name === name)
      if (at) at.reached = 'now'
      try {
        return await work(...args)
      } catch (error) {
        if ((error as Partial<PlanEnds>).planEnds) ends = (error as PlanEnds).message
        throw error
      }
    }
  const wrap = (step: Step<never>): Step<never> =>
    Object.fromEntries(
      Object.entries(step).map(([key, value]) => [
        key,
        typeof value === 'function' ? told(step.name, value.bind(step) as never) : value,
      ]),
    ) as Step<never>
  return {
    steps,
    handler: { ...handler, steps: handler.steps.map(wrap) },
    foreseen: (call: Planned['calls'][number]) => void at?.calls.push(call),
    ends: () => (ends === undefined ? undefined : ({ outcome: 'open', message: ends } as const)),
  }
}

const OVER = new Set<StepRow['state']>(['done', 'skipped'])

/** The same process, in which nothing leaves it. Only CloudPods are planned, whose jobs ask nobody but their cluster. */
function rootOf(root: Root, db: Database, course: ReturnType<typeof courseOf>): Root {
  const clients = new Map<string, ReturnType<Root['vendors']['proxmox']>>()
  const proxmox: Root['vendors']['proxmox'] = (connection) => {
    const client = clients.get(connection.url) ?? root.vendors.proxmoxPlan(connection, course.foreseen)
    clients.set(connection.url, client)
    return client
  }
  return {
    ...root,
    db,
    vendors: { proxmox } as Root['vendors'],
    wake: () => undefined,
    log: createLogger({ level: 'silent' }),
  }
}

type Costs = { quota: reservations.QuotaUse | null; money: plans.Money[] }

const costs = (db: Database, job: JobRow): Promise<Costs> =>
  db.transaction('platform', async (tx) => ({
    quota: (job.tenant_id && (await reservations.readQuota(tx, job.tenant_id))?.used) || null,
    money: await plans.money(tx, job),
  }))

function difference(before: Costs, after: Costs): JobPlan['costs'] {
  const { quota } = after
  return {
    quota: quota && {
      pods: quota.pods - (before.quota?.pods ?? 0),
      cores: quota.cores - (before.quota?.cores ?? 0),
      memoryMb: quota.memoryMb - (before.quota?.memoryMb ?? 0),
      diskGb: quota.diskGb - (before.quota?.diskGb ?? 0),
      addresses: quota.addresses - (before.quota?.addresses ?? 0),
      snapshots: quota.snapshots - (before.quota?.snapshots ?? 0),
      backups: quota.backups - (before.quota?.backups ?? 0),
    },
    money: after.money
      .map(({ currency, invoicedMinor, creditedMinor }) => {
        const had = before.money.find((one) => one.currency === currency)
        return {
          invoiced: { amount: (invoicedMinor - (had?.invoicedMinor ?? 0n)).toString(), currency },
          credited: { amount: (creditedMinor - (had?.creditedMinor ?? 0n)).toString(), currency },
        }
      })
      .filter(({ invoiced, credited }) => invoiced.amount !== '0' || credited.amount !== '0'),
  }
}
