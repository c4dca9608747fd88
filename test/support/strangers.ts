import type { CloudPodAdopt, StrangerDetail } from '../../shared/api/cloudPodAdoption.ts'
import { newId } from '../../src/lib/ids.ts'
import { prepareOrder } from './api.ts'
import type { TestApp } from './app.ts'

const FIRST_VMID = 40_000
let made = 0

/** Takes away the guests that were made here. */
export function forgetStrangers(app: TestApp): void {
  for (const { vmid } of app.sim.control.guests())
    if (vmid > FIRST_VMID && vmid <= FIRST_VMID + made) app.sim.control.removeGuest(vmid)
}

/** A guest that somebody made by hand on the simulated cluster, with a fixed address of a pool of its own. */
export function makeStranger(
  app: TestApp,
  { kind = 'ct', config = {} }: { kind?: 'vm' | 'ct'; config?: Record<string, string> } = {},
): { vmid: number; address: string; mac: string; name: string } {
  const n = ++made
  const vmid = FIRST_VMID + n
  const address = `10.203.${n >> 7}.${20 + (n & 127)}`
  const mac =
    `BC:24:11:00:${(n >> 8).toString(16).padStart(2, '0')}:${(n & 255).toString(16).padStart(2, '0')}`.toUpperCase()
  const name = `by-hand-${vmid}`
  app.sim.control.createGuest({
    vmid,
    node: 'pve1',
    name,
    kind: kind === 'vm' ? 'qemu' : 'lxc',
    storage: 'local-lvm',
    diskGb: 4,
    power: 'running',
    config: {
      cores: '2',
      memory: '1024',
      net0:
        kind === 'vm'
          ? `virtio=${mac},bridge=vmbr0`
          : `name=eth0,bridge=vmbr0,hwaddr=${mac},ip=${address}/16,gw=10.203.0.1,type=veth`,
      ...config,
    },
  })
  return { vmid, address, mac, name }
}

const POOLS = '/api/admin/provisioning/ip-pools'
const pools = new WeakMap<TestApp, Promise<unknown>>()

/** The pool that has the addresses of those guests; pods take theirs elsewhere. */
async function addPool(app: TestApp): Promise<void> {
  const pool = {
    clusterId: app.clusterId,
    name: 'by hand',
    network: '10.203.0.0/16',
    gateway: '10.203.0.1',
    rangeStart: '10.203.0.10',
    rangeEnd: '10.203.9.250',
  }
  const { status, body } = await app.admin.post<{ id: string }>(POOLS, pool)
  if (status !== 201) throw new Error(JSON.stringify(body))
  await app.admin.call('PATCH', `${POOLS}/${body.id}`, { state: 'paused' })
}

/** What is sent to make a pod of a guest that is there. */
export async function adoptionOf(
  app: TestApp,
  tenantId: string,
  kind: 'vm' | 'ct' = 'ct',
): Promise<CloudPodAdopt & { name: string }> {
  const pool = pools.get(app) ?? addPool(app)
  pools.set(app, pool)
  await pool
  const { vmid, address, name } = makeStranger(app, { kind })
  const path = `/api/admin/provisioning/clusters/${app.clusterId}/strangers/${vmid}`
  app.sim.control.setStaleness(0)
  const { body } = await app.admin.get<StrangerDetail>(path)
  if (!body.guest) throw new Error(JSON.stringify(body))
  const { planId, blueprintId } = await prepareOrder(app.admin, tenantId, { kind })
  return {
    clusterId: app.clusterId,
    vmid,
    guest: body.guest,
    address,
    tenantId,
    customerId: null,
    planId,
    blueprintId,
    hostname: `adopted-${newId().slice(-12)}`,
    name,
  }
}
