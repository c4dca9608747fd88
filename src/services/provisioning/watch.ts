import type { Alert } from '../../../shared/api/provisioningControls.ts'
import { asSystem, type Ctx, type Root } from '../../context.ts'
import * as changes from '../../db/billingChanges.ts'
import * as billingFindings from '../../db/billingFindings.ts'
import * as contracts from '../../db/billingContracts.ts'
import * as disputes from '../../db/billingDisputes.ts'
import * as automation from '../../db/provisioningAutomation.ts'
import * as reverse from '../../db/dnsReverse.ts'
import * as pools from '../../db/provisioningPools.ts'
import * as findings from '../../db/provisioningFindings.ts'
import * as controls from '../../db/provisioningControls.ts'
import { newId } from '../../lib/ids.ts'
import * as auditService from '../auditService.ts'
import * as cloudPodQuotas from '../cloudPodQuotas.ts'
import * as domainRegistrarService from '../domainRegistrarService.ts'
import * as settingsService from '../tenantSettingsService.ts'
import { listTimers, listWorkers } from './fleet.ts'
import { counted, lostSecrets } from './lostSecrets.ts'

const MINUTE_MS = 60_000
const DAY_MS = 1_440 * MINUTE_MS
/** How long is told that there was no room for a larger plan. */
const NOT_BEGUN_DAYS = 30

const same = (a: automation.Alert) => (b: automation.Alert) => a.code === b.code && a.ref === b.ref

/**
 * Compares what is wrong now with the alerts that are open: raises, rewords and clears them, each with its event. The
 * servers do this, so that it happens when no worker is there, too.
 */
export async function watch(root: Root): Promise<void> {
  await asSystem(root, 'watch', 'platform', async (ctx) => {
    if (!(await automation.tryLockWatch(ctx.tx))) return
    const wrong = await faults(ctx)
    const open = await automation.openAlerts(ctx.tx)
    for (const alert of wrong) {
      const known = open.find(same(alert))
      if (!known) await raise(ctx, alert)
      else if (known.message !== alert.message) await automation.reword(ctx.tx, known.id, alert.message)
    }
    for (const alert of open) if (!wrong.some(same(alert))) await clear(ctx, alert)
  })
}

async function raise(ctx: Ctx, alert: automation.Alert): Promise<void> {
  const id = newId()
  await automation.raise(ctx.tx, id, alert, ctx.now())
  await say(ctx, 'ALERT_RAISED', id, alert)
}

async function clear(ctx: Ctx, alert: automation.AlertRow): Promise<void> {
  await automation.clear(ctx.tx, alert.id, ctx.now())
  await say(ctx, 'ALERT_CLEARED', alert.id, alert)
}

const say = (ctx: Ctx, action: string, id: string, { code, ref, message }: automation.Alert): Promise<void> =>
  auditService.record(ctx, {
    action,
    tenantId: null,
    target: { type: 'alert', id, label: code },
    details: { code, ref, message },
  })

/** What every queue and timer says when nothing is done at all: the one cause is told, not what follows from it. */
const FOLLOWS = new Set(['queue_stalled', 'timer_overdue'])

/** What is wrong with the automation now. */
async function faults(ctx: Ctx): Promise<automation.Alert[]> {
  const causes: automation.Alert[] = []
  const workers = await listWorkers(ctx)
  if (!workers.some(({ state }) => state !== 'silent'))
    causes.push({
      code: 'no_worker',
      ref: '',
      message:
        'No worker is running: nothing is provisioned, renewed or ended. Start `mpanel worker`, or see why it ended (`journalctl -u "mpanel-worker@*"`).',
    })
  const stop = (await controls.pauses(ctx.tx)).find(({ what }) => what === 'all')
  if (stop)
    causes.push({
      code: 'stopped',
      ref: '',
      message: `All automation is stopped (${stop.reason.replace(/\.$/, '')}). Start it again on the page Queues & workers.`,
    })
  const found = await faultsOfParts(ctx)
  return [...causes, ...(causes.length === 0 ? found : found.filter(({ code }) => !FOLLOWS.has(code)))]
}

async function faultsOfParts(ctx: Ctx): Promise<automation.Alert[]> {
  return [
    ...(await queueFaults(ctx)),
    ...(await waitingFaults(ctx)),
    ...(await timerFaults(ctx)),
    ...(await brakeFaults(ctx)),
    ...(await findingFaults(ctx)),
    ...(await registrarFaults(ctx)),
    ...(await poolFaults(ctx)),
    ...(await sourceFaults(ctx)),
    ...(await secretFaults(ctx)),
    ...(await reverseFaults(ctx)),
    ...(await quotaFaults(ctx)),
    ...(await planFaults(ctx)),
    ...(await deliveryFaults(ctx)),
    ...(await disputeFaults(ctx)),
  ]
}

async function queueFaults(ctx: Ctx): Promise<automation.Alert[]> {
  const { 'automation.stalledMinutes': minutes } = await settingsService.effective(ctx, null)
  const paused = new Set((await controls.pauses(ctx.tx)).map(({ what, which }) => `${what} ${which}`))
  const now = ctx.now().getTime()
  const figures = await controls.queueFigures(ctx.tx, new Date(now))
  return figures.flatMap(({ queue, oldest_ready: oldest, stuck }) => [
    ...(oldest !== null &&
    now - oldest.getTime() > Number(minutes.value) * MINUTE_MS &&
    !paused.has(`queue ${queue}`)
      ? [
          {
            code: 'queue_stalled',
            ref: queue,
            message: `Jobs of the queue ${queue} have been ready for more than ${minutes.value} minutes.`,
          },
        ]
      : []),
    ...(stuck > 0
      ? [
          {
            code: 'jobs_stuck',
            ref: queue,
            message: `${stuck} job(s) of the queue ${queue} are stuck and wait for a person: see the page Jobs.`,
          },
        ]
      : []),
  ])
}

/** A job that waits for what only a person can mend would else be seen by nobody before its deadline. */
async function waitingFaults(ctx: Ctx): Promise<automation.Alert[]> {
  const { 'automation.waitingMinutes': minutes } = await settingsService.effective(ctx, null)
  const before = new Date(ctx.now().getTime() - Number(minutes.value) * MINUTE_MS)
  return (await controls.longWaiting(ctx.tx, before)).map(({ queue, n, example }) => ({
    code: 'jobs_waiting',
    ref: queue,
    message: `${n} job(s) of the queue ${queue} have waited for more than ${minutes.value} minutes, such as for: ${example}`,
  }))
}

const timerFaults = async (ctx: Ctx): Promise<automation.Alert[]> =>
  (await listTimers(ctx)).flatMap(({ name, state, lastError }) => {
    if (state === 'overdue')
      return [{ code: 'timer_overdue', ref: name, message: `The timer ${name} is not being run.` }]
    return state === 'failing'
      ? [{ code: 'timer_failing', ref: name, message: `The timer ${name} fails: ${lastError}` }]
      : []
  })

const brakeFaults = async (ctx: Ctx): Promise<automation.Alert[]> =>
  (await automation.brakes(ctx.tx, 50))
    .filter(({ state }) => state === 'waiting')
    .map(({ action, wanted, allowed }) => ({
      code: 'brake',
      ref: action,
      message: `${action} would touch ${wanted} at once; ${allowed} are usual. It waits for a confirmation.`,
    }))

async function findingFaults(ctx: Ctx): Promise<automation.Alert[]> {
  const ofBilling = await billingFindings.openByKind(ctx.tx, 'platform')
  const open = [
    ...(await findings.openByKind(ctx.tx)).map(({ kind, n }) => ({ kind, n, page: 'Findings' })),
    ...ofBilling.map(({ kind, count }) => ({ kind, n: count, page: 'Billing findings' })),
  ]
  return open.map(({ kind, n, page }) => ({
    code: 'findings',
    ref: kind,
    message: `${n} finding(s) of the kind ${kind} wait for a decision on the page ${page}.`,
  }))
}

const poolFaults = async (ctx: Ctx): Promise<automation.Alert[]> =>
  (await pools.nearlyUsedUp(ctx.tx)).map(({ name, used, size }) => ({
    code: 'ip_pool_low',
    ref: name,
    message: `The IP pool ${name} is nearly used up: ${used} of ${size} addresses are not free.`,
  }))

const sourceFaults = async (ctx: Ctx): Promise<automation.Alert[]> =>
  (await pools.atOddsWithSource(ctx.tx)).map(({ name, problem }) => ({
    code: 'ip_source',
    ref: name,
    message: `The IP pool ${name} and its NetBox: ${problem}`,
  }))

/** What waits for a secret that was lost with the secret key. */
const secretFaults = async (ctx: Ctx): Promise<automation.Alert[]> =>
  (await lostSecrets(ctx)).map(({ ref, what, n, names, cure }) => ({
    code: 'secret_lost',
    ref,
    message: `Lost with the secret key: ${counted(what, n, names)}. ${cure}`,
  }))

const reverseFaults = async (ctx: Ctx): Promise<automation.Alert[]> =>
  (await reverse.faultyZones(ctx.tx)).map(({ name, state }) => ({
    code: 'reverse_zone',
    ref: name,
    message: `The reverse zone ${name.slice(0, -1)} is not served as it should be (${state}): its pool says why.`,
  }))

const quotaFaults = async (ctx: Ctx): Promise<automation.Alert[]> =>
  (await cloudPodQuotas.stillMiscounted(ctx)).map(({ tenantId, pods }) => ({
    code: 'quota_miscounted',
    ref: tenantId,
    message: `What the tenant ${tenantId} uses of its quota is not what its pods are: ${pods} pod(s) are counted wrongly. Its page, tab Quotas, names them.`,
  }))

const registrarFaults = async (ctx: Ctx): Promise<automation.Alert[]> =>
  (await domainRegistrarService.lowBalances(ctx)).map(({ id, words }) => ({
    code: 'registrar_balance_low',
    ref: id,
    message: words,
  }))

async function planFaults(ctx: Ctx): Promise<automation.Alert[]> {
  const larger = await changes.largerThanPlan(ctx.tx)
  const waiting = await changes.notBegun(ctx.tx, new Date(ctx.now().getTime() - NOT_BEGUN_DAYS * DAY_MS))
  return [
    {
      ...larger,
      code: 'pods_larger_than_plan',
      message: `${larger.n} pod(s) could not be made as small as the plan that is paid for, such as ${larger.example}. Mend the cause and resize them.`,
    },
    {
      ...waiting,
      code: 'larger_plans_not_begun',
      message: `${waiting.n} subscription(s) keep their old plan and price since their pod could not be made as large as was planned, such as ${waiting.example}. Make room, and change the plan on the page of the subscription, which says why.`,
    },
  ].flatMap(({ n, code, message }) => (n === 0 ? [] : [{ code, ref: '', message }]))
}

/** What is paid is delivered soon, or somebody decides whether it is tried again or paid back. */
async function deliveryFaults(ctx: Ctx): Promise<automation.Alert[]> {
  const { 'automation.waitingMinutes': minutes } = await settingsService.effective(ctx, null)
  const before = new Date(ctx.now().getTime() - Number(minutes.value) * MINUTE_MS)
  const { n, example } = await contracts.undelivered(ctx.tx, before)
  if (n === 0) return []
  const message = `${n} subscription(s) are paid and not delivered, such as ${example}. Deliver it again on its page; or cancel it, which credits the payment, and refund that.`
  return [{ code: 'paid_not_delivered', ref: '', message }]
}

/** Money that is lost unless somebody says something for it. */
async function disputeFaults(ctx: Ctx): Promise<automation.Alert[]> {
  const { n, first } = await disputes.waiting(ctx.tx)
  if (n === 0) return []
  const until = first === null ? '' : `, the first until ${first.toISOString().slice(0, 10)}`
  const message = `${n} disputed payment(s) wait for evidence${until}: give it at the provider, or the money is lost. The page Disputes names them.`
  return [{ code: 'payments_disputed', ref: '', message }]
}

export async function listAlerts(ctx: Ctx): Promise<Alert[]> {
  return (await automation.openAlerts(ctx.tx)).map(({ id, code, ref, message, opened_at: at }) => ({
    id,
    code,
    ref,
    message,
    openedAt: at.toISOString(),
  }))
}

/** What takes the pulse from outside must not hear it while nothing gets done. */
const SILENCING = new Set(['no_worker', 'stopped', 'queue_stalled', 'timer_overdue'])

/** Tells a monitor outside that the automation lives. When it stops hearing that, it raises the alarm itself. */
export async function beat(root: Root): Promise<void> {
  const { heartbeatUrl: url } = root.settings
  if (url === null) return
  const alerts = await asSystem(root, 'beat', 'platform', listAlerts)
  if (alerts.some(({ code }) => SILENCING.has(code))) return
  const { status } = await root.vendors.send({ url })
  if (status >= 400) throw new Error(`the monitor at the heart-beat address answered ${status}`)
}
