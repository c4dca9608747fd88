import { sql } from 'kysely'
import { newId } from '../../src/lib/ids.ts'
import * as dnsReverseService from '../../src/services/dnsReverseService.ts'
import * as dnsServerService from '../../src/services/dnsServerService.ts'
import type { TestApp } from '../support/app.ts'
import type { Case } from './cases.ts'
import { good, podIn } from './pods.ts'

const reason = 'The storage is being mended.'

/** A job of a pod, in some state. */
async function jobIn(app: TestApp, tenantId: string, state: 'stuck' | 'ready'): Promise<string> {
  const { job } = await podIn(app, tenantId)
  await app.as(({ tx }) =>
    sql`update provisioning_jobs_live set state = ${state} where id = ${job.id}`.execute(tx),
  )
  return job.id
}

async function stoppedAtStep(app: TestApp, tenantId: string): Promise<string> {
  const id = await jobIn(app, tenantId, 'stuck')
  await app.as(({ tx }) =>
    sql`insert into provisioning_job_steps (queue, job_id, name, position, title, tenant_id, state, started_at)
      values ('cloud_pod', ${id}, 'make', 0, 'Cloning', ${tenantId}, 'failed', now())`.execute(tx),
  )
  return id
}

let found = 1

/** A guest that mPanel did not make. */
async function findingIn(app: TestApp): Promise<string> {
  const id = newId()
  await app.as(({ tx }) =>
    sql`insert into findings (id, kind, cluster_id, vmid, label, expected, found, facts, state, first_seen_at, last_seen_at)
      values (${id}, 'foreign', ${app.clusterId}, ${found++}, 'x', 'none', 'one', '{}', 'open', now(), now())`.execute(
      tx,
    ),
  )
  return id
}

/** One that no case has taken before. */
const freeAddress = (): string => {
  const n = found++
  return `10.99.${1 + (n >> 7)}.${20 + (n & 127)}`
}

const nameServersOf = (app: TestApp) =>
  app.as((ctx) =>
    dnsServerService.nameZoneFiles(ctx, {
      nameServers: ['ns1.example.net'],
      hostmaster: 'hostmaster@example.net',
    }),
  )
/** A pool of its own, of which the reverse zones may be kept. */
async function reversePoolIn(app: TestApp): Promise<string> {
  await nameServersOf(app)
  const net = `10.98.${found++}`
  const pool = {
    clusterId: app.clusterId,
    name: `cases ${net}`,
    network: `${net}.0/24`,
    gateway: `${net}.1`,
    rangeStart: `${net}.10`,
    rangeEnd: `${net}.20`,
  }
  const { id } = await good(app.admin.post<{ id: string }>('/api/admin/provisioning/ip-pools', pool))
  await good(app.admin.call('PATCH', `/api/admin/provisioning/ip-pools/${id}`, { state: 'paused' }))
  return id
}
async function keptIn(app: TestApp): Promise<string> {
  const id = await reversePoolIn(app)
  await app.as((ctx) => dnsReverseService.keep(ctx, id, { serverId: null }))
  return id
}

/** A pool of these cases. */
async function poolIn(app: TestApp): Promise<string> {
  const { items } = await good(
    app.admin.get<{ items: { id: string; name: string }[] }>('/api/admin/provisioning/ip-pools?limit=200'),
  )
  const known = items.find(({ name }) => name === 'cases')
  if (known) return known.id
  const pool = {
    clusterId: app.clusterId,
    name: 'cases',
    network: '10.99.0.0/16',
    gateway: '10.99.0.1',
    rangeStart: '10.99.0.10',
    rangeEnd: '10.99.3.250',
  }
  const { id } = await good(app.admin.post<{ id: string }>('/api/admin/provisioning/ip-pools', pool))
  // Pods take their addresses elsewhere.
  await good(app.admin.call('PATCH', `/api/admin/provisioning/ip-pools/${id}`, { state: 'paused' }))
  return id
}

export const PROVISIONING_CASES: Record<string, Case> = {
  retryJob: async (app, tenantId) => ({ id: await jobIn(app, tenantId, 'stuck') }),
  cancelJob: async (app, tenantId) => ({ id: await jobIn(app, tenantId, 'ready'), body: { reason } }),
  settleJobStep: async (app, tenantId) => ({
    id: await stoppedAtStep(app, tenantId),
    body: { how: 'done', reason },
  }),
  planJob: async (app, tenantId) => ({ id: await jobIn(app, tenantId, 'ready') }),
  setJobPriority: async (app, tenantId) => ({
    id: await jobIn(app, tenantId, 'ready'),
    body: { priority: 50 },
  }),
  getQueues: async () => ({}),
  // A kind of its own: what is paused stays paused for the cases after it.
  pauseQueue: async () => ({ body: { what: 'kind', which: `test.${newId()}`, reason } }),
  resumeQueue: async (app) => {
    const which = `test.${newId()}`
    await app.admin.post('/api/admin/provisioning/queues/pause', { what: 'kind', which, reason })
    return { body: { what: 'kind', which } }
  },
  setJobLimit: async () => ({ body: { name: `node:${newId()}`, capacity: 3 } }),
  getBrakes: async () => ({}),
  decideBrake: async (app) => {
    const id = newId()
    await app.as(({ tx }) =>
      sql`insert into automation_brakes (id, action, wanted, allowed, opened_at)
        values (${id}, ${id}, 100, 20, now())`.execute(tx),
    )
    return { id, body: { decision: 'confirmed', wanted: 100, reason } }
  },
  getAlerts: async () => ({}),
  getClock: async () => ({}),
  getClockEvents: async () => ({}),
  advanceClock: async () => ({ body: { to: '2030-01-31T12:00:00Z' } }),
  stopClock: async () => ({}),
  listFindings: async () => ({}),
  getCluster: async (app) => ({ id: app.clusterId }),
  checkCluster: async (app) => ({ id: app.clusterId }),
  checkClusterConnection: async (app) => ({
    body: {
      apiUrl: app.sim.url,
      tokenId: 'mpanel@pve!panel',
      tokenSecret: 'x',
      fingerprint: app.sim.fingerprint,
    },
  }),
  updateCluster: async (app) => ({ id: app.clusterId, body: { vmidMax: 999_000 + found++ } }),
  removeCluster: async (app) => {
    const name = `c-${newId()}`
    const cluster = { name, apiUrl: 'https://pve.example.com:8006', tokenId: 'a@pve!b', tokenSecret: 'x' }
    const added = await good(
      app.admin.post<{ cluster: { id: string } }>('/api/admin/provisioning/clusters', cluster),
    )
    return { id: added.cluster.id, body: { name } }
  },
  getIpPool: async (app) => ({ id: await poolIn(app) }),
  getReverseZones: async (app) => {
    const settings = { 'dns.nameServers': 'ns1.example.com', 'dns.contact': 'hostmaster@example.com' }
    await good(app.admin.call('PATCH', '/api/admin/tenants/settings', settings))
    return { id: await poolIn(app) }
  },
  getKeptReverseZones: async (app) => ({ id: await poolIn(app) }),
  keepReverseZones: async (app) => ({ id: await reversePoolIn(app), body: {} }),
  letGoReverseZones: async (app) => ({ id: await keptIn(app) }),
  applyReverseZones: async (app) => ({ id: await keptIn(app), body: {} }),
  updateIpPool: async (app) => ({ id: await poolIn(app), body: { quarantineHours: 1 } }),
  removeIpPool: async (app) => ({ id: await poolIn(app) }),
  getIpAddresses: async (app) => ({ id: await poolIn(app) }),
  keepIpAddress: async (app) => ({
    id: await poolIn(app),
    body: { address: freeAddress(), note: 'x' },
  }),
  freeIpAddress: async (app) => {
    const [id, address] = [await poolIn(app), freeAddress()]
    await good(app.admin.post(`/api/admin/provisioning/ip-pools/${id}/addresses`, { address, note: 'x' }))
    return { id, body: { address } }
  },
  getFinding: async (app) => ({ id: await findingIn(app) }),
  decideFinding: async (app) => ({ id: await findingIn(app), body: { decision: 'ignore', reason } }),
  reconcileCluster: async (app) => ({ id: app.clusterId }),
  getWorkers: async () => ({}),
  getTimers: async () => ({}),
}
