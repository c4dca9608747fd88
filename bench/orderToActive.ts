import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { createProxmox } from '../src/integrations/proxmox/client.ts'
import type { Outcome, Proxmox } from '../src/integrations/proxmox/types.ts'
import * as provisioningService from '../src/services/provisioningService.ts'
import { startWorker } from '../src/worker.ts'
import type { Speed } from '../sim/proxmox/server.ts'
import { pay, prepareOrder, type Ordered } from '../test/support/api.ts'
import { startApp, type TestApp } from '../test/support/app.ts'
import prepareTemplate from '../test/support/postgres.ts'
import { openBenchDatabase } from './database.ts'
import { interleaved, median, medianRatio, ms, table, timed, times } from './measure.ts'

const ROUNDS = 7
const SETTINGS: Record<string, Partial<Speed>> = {
  'realistic: clone 3 s, start 1 s': { cloneMs: 3_000, startMs: 1_000 },
  'fast: clone 60 ms, start 20 ms': { cloneMs: 60, startMs: 20 },
}
/** The bare sequence looks this often whether a task has ended: nearly at once. */
const BARE_POLL_MS = 20

type Parts = Record<string, number>
type Side = { total: number; parts: Parts }
type Place = { node: string; storage: string; template: number }

/** From the order over its payment to the active subscription: our API, our worker at its own pace. */
async function ours(app: TestApp, db: Client, tenantId: string): Promise<Side> {
  const order = await prepareOrder(app.admin, tenantId)
  const begun = performance.now()
  const ordered = await app.admin.post<Ordered>('/api/admin/billing/subscriptions', order)
  await pay(app.admin, ordered.body.invoice)
  const requests = performance.now() - begun
  const { id } = ordered.body.subscription
  for (;;) {
    const { rows } = await db.query(`select from subscriptions where id = $1 and state = 'active'`, [id])
    if (rows.length === 1) break
    if (performance.now() - begun > 60_000) throw new Error('the order did not become active')
    await sleep(5)
  }
  const total = performance.now() - begun
  const parts = { 'order and payment, two requests': requests, ...(await partsOf(db, id)) }
  const known = Object.values(parts).reduce((sum, value) => sum + value, 0)
  return { total, parts: { ...parts, 'between the steps, handing over': total - known } }
}

async function partsOf(db: Client, subscriptionId: string): Promise<Parts> {
  const { rows } = await db.query<{ part: string; ms: number }>(
    `with job as (select j.* from provisioning_jobs j join cloud_pods p on p.id = j.subject_id where p.subscription_id = $1)
    select 'waiting for a worker' as part, extract(epoch from started_at - created_at)::float8 * 1000 as ms, -1 as position from job
    union all select 'step ' || s.name, extract(epoch from coalesce(s.finished_at, now()) - s.started_at)::float8 * 1000, s.position
      from provisioning_job_steps s join job on job.id = s.job_id where s.name <> 'activate'
    order by position`,
    [subscriptionId],
  )
  return Object.fromEntries(rows.map((row) => [row.part, row.ms]))
}

function must<T>(answer: Outcome<T>): T {
  if (answer.outcome === 'ok') return answer.value
  throw new Error(`${answer.outcome}: ${JSON.stringify(answer)}`)
}

/** Sends a call and waits for the end of the task that it started. */
async function task(proxmox: Proxmox, call: Promise<Outcome<unknown>>): Promise<void> {
  const answer = await call
  if (answer.outcome !== 'pending') return void must(answer)
  for (;;) {
    const state = must(await proxmox.task(answer.ref))
    if (state.state === 'ok') return
    if (state.state !== 'running') throw new Error(`a task ended as ${state.state}`)
    await sleep(BARE_POLL_MS)
  }
}

/** The same calls of the same client without anything around them. */
async function bare(proxmox: Proxmox, place: Place, vmid: number): Promise<Side> {
  const parts: Parts = {}
  const part = async (name: string, work: () => Promise<void>): Promise<void> => {
    parts[name] = (await timed(work)).ms
  }
  const { node, storage, template } = place
  const ref = { node, kind: 'vm', vmid } as const
  const words = { mac: `02:00:00:00:00:${(vmid % 256).toString(16).padStart(2, '0')}`, bridge: 'vmbr0' }
  await part('step make', async () => {
    must(await proxmox.vmidFree(vmid))
    const name = `bare-${vmid}`
    await task(
      proxmox,
      proxmox.clone({ node, templateVmid: template, newVmid: vmid, name, description: 'bench', storage }),
    )
  })
  await part('step configure', async () => {
    const { digest } = must(await proxmox.config(ref))
    const options = { cores: 1, memory: 2048, onboot: true, net0: proxmox.words.vmNet0(words) }
    await task(proxmox, proxmox.configure(ref, options, { digest }))
  })
  await part('step disk', async () => {
    const { diskKey } = must(await proxmox.config(ref))
    await task(proxmox, proxmox.resizeDisk(ref, diskKey ?? 'scsi0', 20))
  })
  await part('step start', async () => {
    must(await proxmox.status(ref))
    await task(proxmox, proxmox.start(ref))
  })
  await part('step verify', async () => {
    must(await proxmox.config(ref))
    must(await proxmox.status(ref))
  })
  return { total: Object.values(parts).reduce((sum, value) => sum + value, 0), parts }
}

async function placeOf(db: Client): Promise<Place> {
  const { rows } = await db.query<{ node: string; storage: string; template: string }>(
    `select n.name as node, n.storage, i.ref as template from cloud_pod_blueprint_images i
    join cloud_pod_blueprints b on b.id = i.blueprint_id join nodes n on n.id = i.source_node_id
    where b.code = 'vm-debian-12' and i.node_id = i.source_node_id order by n.name limit 1`,
  )
  const [row] = rows
  if (!row) throw new Error('there is no template to clone')
  return { ...row, template: Number(row.template) }
}

async function measure(speed: Partial<Speed>) {
  const app = await startApp({ worker: false, speed })
  const db = new Client({ connectionString: app.ownerUrl })
  await db.connect()
  await db.query(`set app.scope = 'platform'`)
  const worker = await startWorker(app.root, app.databaseUrl)
  try {
    const tenantId = await app.tenant()
    const connection = await app.as((ctx) => provisioningService.clusterConnection(ctx, app.clusterId))
    const proxmox = createProxmox(connection)
    const place = await placeOf(db)
    let vmid = 5_000
    const sides = [
      { name: 'ours', measure: () => ours(app, db, tenantId) },
      { name: 'bare', measure: () => bare(proxmox, place, vmid++) },
    ]
    for (const side of sides) await side.measure()
    return await interleaved(ROUNDS, sides)
  } finally {
    await worker.stop()
    await db.end()
    await app.close()
  }
}

export async function orderToActive(): Promise<void> {
  const database = await openBenchDatabase()
  process.env.TEST_DATABASE_URL = database.ownerUrl
  const dropTemplate = await prepareTemplate()
  try {
    for (const [name, speed] of Object.entries(SETTINGS)) print(name, await measure(speed))
  } finally {
    await dropTemplate()
    await database.close()
  }
}

function print(name: string, figures: Map<string, Side[]>): void {
  const [own, base] = [figures.get('ours') ?? [], figures.get('bare') ?? []]
  const middle = (side: Side[], part: string) => median(side.map((round) => round.parts[part] ?? 0))
  const parts = Object.keys(own[0]?.parts ?? {})
  const totals = [own, base].map((side) => side.map((round) => round.total))
  console.log(`\n${name}`)
  table(
    ['', 'mPanel ms', 'bare calls ms'],
    [
      ...parts.map((part) => [part, ms(middle(own, part)), ms(middle(base, part))]),
      ['all', ...totals.map((values) => ms(median(values)))],
    ],
  )
  console.log(`mPanel / bare calls: ${times(medianRatio(totals[0] ?? [], totals[1] ?? []))}`)
}
