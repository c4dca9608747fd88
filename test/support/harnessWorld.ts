import { sql, type RawBuilder } from 'kysely'
import { expect } from 'vitest'
import type { PodRow } from '../../src/db/cloudPods.ts'
import { parseMarker } from '../../src/integrations/proxmox/guestConfig.ts'
import { until, type TestApp } from './app.ts'

/** What can be looked at: the database and the simulated cluster. */
export type Scene = Pick<TestApp, 'root' | 'sim'>

/** Reads rows of every tenant. */
export const rowsOf = <T>(app: Scene, query: RawBuilder<T>): Promise<T[]> =>
  app.root.db.transaction('platform', async (tx) => (await query.execute(tx)).rows)

export const podRow = async (app: Scene, id: string): Promise<PodRow> => {
  const [pod] = await rowsOf(app, sql<PodRow>`select * from cloud_pods where id = ${id}`)
  if (!pod) throw new Error(`there is no pod ${id}`)
  return pod
}

export const guestsOf = (app: Scene, podId: string) =>
  app.sim.control.guests().filter((guest) => parseMarker(guest.config.description)?.podId === podId)

type Held = { vmids: string[]; addresses: string[]; capacity: number }

/** What a pod holds; what rests in quarantine belongs to nobody. */
export async function heldBy(app: Scene, podId: string): Promise<Held> {
  const [held] = await rowsOf(
    app,
    sql<Held>`select array(select state from vmid_reservations where pod_id = ${podId}) as vmids,
      array(select state from ip_addresses where pod_id = ${podId}) as addresses,
      (select count(*)::int from cloud_pod_reservations where pod_id = ${podId}) as capacity`,
  )
  return held ?? { vmids: [], addresses: [], capacity: 0 }
}

/** Balances of a tenant's accounts in minor units: debits minus credits. */
export async function ledgerOf(app: Scene, tenantId: string): Promise<Record<string, number>> {
  const rows = await rowsOf(
    app,
    sql<{ code: string; sum: number }>`select a.code, sum(e.amount_minor)::int as sum
      from ledger_entries e join ledger_accounts a on a.id = e.account_id where a.tenant_id = ${tenantId} group by a.code`,
  )
  return Object.fromEntries(rows.filter((row) => row.sum !== 0).map((row) => [row.code, row.sum]))
}

/** What a pod is, in the database and on the hypervisor, without the names that differ from pod to pod. */
export async function podWorld(app: Scene, podId: string): Promise<unknown> {
  const pod = await podRow(app, podId)
  return {
    pod: { state: pod.state, power: pod.power_state, action: pod.action, problem: pod.problem },
    guests: guestsOf(app, podId).map(({ vmid, kind, power, config }) => ({
      kind,
      power,
      inPlace: vmid === pod.vmid,
      lock: config.lock ?? null,
      cores: config.cores,
      memory: config.memory,
      disk: /size=(\w+)/.exec(config.scsi0 ?? config.rootfs ?? '')?.[1],
      ownMac: config.net0?.toUpperCase().includes(pod.mac.toUpperCase()),
      tags: config.tags,
    })),
    held: await heldBy(app, podId),
  }
}

/** Tasks that would make something anew if they ran again. Stop, shutdown, resize and configure say the same twice. */
const MAKING =
  /^(?:qmclone|vzcreate|vzdump|qmigrate|qmtemplate|(?:qm|vz)(?:migrate|destroy|start|reboot|snapshot|delsnapshot|rollback|restore))$/

/** Counts what happens on the hypervisor from now on. */
export function countEffects(app: Scene): () => Record<string, number> {
  const before = new Set(app.sim.control.tasks().map((task) => task.upid))
  return () => {
    const made = app.sim.control
      .tasks()
      .filter((task) => !before.has(task.upid) && MAKING.test(task.type) && task.exitstatus !== null)
      .filter((task) => task.exitstatus === 'OK' || task.exitstatus?.startsWith('WARNINGS'))
    return Object.fromEntries(
      [...Map.groupBy(made, (task) => task.type)].map(([type, tasks]) => [type, tasks.length]),
    )
  }
}

const FULL = { vmids: ['reserved'], addresses: ['assigned'], capacity: 1 }
const NOTHING = { vmids: [], addresses: [], capacity: 0 }

/** What a pod at rest holds. One that is being made or destroyed holds all of it, its address perhaps not assigned yet. */
async function expectHeld(app: Scene, pod: PodRow): Promise<number[]> {
  const about = `pod ${pod.hostname} (${pod.state}, VMID ${pod.vmid})`
  const held = await heldBy(app, pod.id)
  const guests = guestsOf(app, pod.id).map((guest) => guest.vmid)
  const kept = await rowsOf(
    app,
    sql<{ vmid: number }>`select vmid from cloud_pod_rebuilds where pod_id = ${pod.id} and ended_at is null`,
  )
  if (pod.state === 'failed' || pod.state === 'deleted') {
    expect({ ...held, guests }, `${about} left something`).toEqual({ ...NOTHING, guests: [] })
  } else if (pod.state === 'reserved') {
    expect({ ...held, guests }, about).toEqual({ ...FULL, addresses: ['reserved'], guests: [] })
  } else if (pod.state === 'active' || pod.state === 'recoverable') {
    const all = [pod.vmid, ...kept.map(({ vmid }) => vmid)]
    expect({ ...held, guests: new Set(guests) }, about).toEqual({
      ...FULL,
      vmids: all.map(() => 'reserved'),
      // What could not be destroyed may be gone all the same.
      guests: new Set(all.filter((vmid) => vmid === pod.vmid || guests.includes(vmid))),
    })
  } else {
    expect({ vmids: held.vmids, addresses: held.addresses.length, capacity: held.capacity }, about).toEqual({
      vmids: ['reserved'],
      addresses: 1,
      capacity: 1,
    })
    expect(guests.length, `${about} has several guests`).toBeLessThanOrEqual(1)
  }
  return guests
}

/**
 * The database, the hypervisor and the ledger tell one story: each pod of the tenant holds exactly what its state
 * says, no guest and no disk is there that belongs to no pod, and every amount of money is accounted for.
 * @param foreign VMIDs of guests that others have made
 */
export async function expectNothingLeaked(
  app: Scene,
  tenantId: string,
  foreign: readonly number[] = [],
): Promise<void> {
  const pods = await rowsOf(app, sql<PodRow>`select * from cloud_pods where tenant_id = ${tenantId}`)
  for (const pod of pods) await expectHeld(app, pod)
  const known = await rowsOf(
    app,
    sql<{ id: string }>`select id from cloud_pods where state not in ('failed', 'deleted')`,
  )
  const ids = new Set(known.map((row) => row.id))
  const strays = app.sim.control
    .guests()
    .filter((guest) => guest.config.template !== '1' && !foreign.includes(guest.vmid))
    .filter((guest) => !ids.has(parseMarker(guest.config.description)?.podId ?? ''))
  expect(
    strays.map((guest) => `${guest.vmid} ${guest.config.name ?? ''}`),
    'guests that belong to nobody',
  ).toEqual([])
  await expectNoStrayDisks(app)
  await expectBalanced(app, tenantId)
}

async function expectNoStrayDisks(app: Scene): Promise<void> {
  const stray = (): string[] => {
    const guests = new Set(app.sim.control.guests().map(({ vmid }) => vmid))
    return (
      app.sim.control
        .volumes()
        // Backups outlive their guest.
        .filter(({ vmid, content }) => vmid !== null && content !== 'backup' && !guests.has(vmid))
        .map(({ volid }) => volid)
    )
  }
  // A task removes a guest and then its disks.
  await until(async () => stray().length === 0, 'disks without a guest to be gone', 2_000).catch(() =>
    expect(stray(), 'disks that belong to no guest').toEqual([]),
  )
}

/** What the accounts must say follows from the documents. */
async function expectBalanced(app: Scene, tenantId: string): Promise<void> {
  const uneven = await rowsOf(
    app,
    sql`select tx_id from ledger_entries where tenant_id = ${tenantId} group by tx_id, currency having sum(amount_minor) <> 0`,
  )
  expect(uneven, 'postings that do not balance').toEqual([])
  const [said] = await rowsOf(
    app,
    sql<Record<string, number>>`select
        (select coalesce(sum(amount_minor), 0)::int from payments where tenant_id = ${tenantId}) as cash,
        coalesce(sum(total_minor - paid_minor - credited_minor) filter (where status = 'open'), 0)::int as receivable,
        coalesce(-sum(total_minor - credited_minor), 0)::int as revenue,
        coalesce(-sum(paid_minor) filter (where credited_minor > 0), 0)::int as credit
      from invoices where tenant_id = ${tenantId}`,
  )
  const nonZero = Object.fromEntries(Object.entries(said ?? {}).filter(([, sum]) => sum !== 0))
  expect(await ledgerOf(app, tenantId), 'the ledger against invoices and payments').toEqual(nonZero)
}
