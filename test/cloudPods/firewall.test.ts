import { sql } from 'kysely'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Job } from '../../shared/api/provisioning.ts'
import type { Finding } from '../../shared/api/provisioningFindings.ts'
import type { CloudPodFirewall, SecurityGroup } from '../../shared/api/cloudPodFirewall.ts'
import type { Accepted as PodAccepted } from '../../src/services/cloudPodService.ts'
import { good } from '../rules/pods.ts'
import { prepareOrder } from '../support/api.ts'
import { finished, startApp, type TestApp } from '../support/app.ts'
import { guestsOf, podRow, rowsOf } from '../support/harnessWorld.ts'
import { poolOf6 } from '../support/pools.ts'
import { jobOf, PODS } from './faults.ts'

let app: TestApp
let tenantId: string
let pod: string
beforeAll(async () => {
  app = await startApp({ worker: false })
  app.sim.control.setStaleness(0)
  await app.startWorker({ timers: [] })
  tenantId = await app.tenant()
  await poolOf6(app, {
    podPrefix: 64,
    network: '2001:db8:2::/48',
    rangeStart: '2001:db8:2:a::1',
    rangeEnd: '2001:db8:2:b::1',
  })
  const { planId, blueprintId, hostname } = await prepareOrder(app.admin, tenantId, { kind: 'ct' })
  const { cloudPod, job } = await good(
    app.admin.post<PodAccepted>(PODS, { tenantId, planId, blueprintId, hostname }),
  )
  expect(await finished(app.admin, job.id)).toMatchObject({ state: 'succeeded' })
  pod = cloudPod.id
}, 60_000)
afterAll(() => app.close())

type Problem = { code: string; errors?: { path: string }[] }
const GROUPS = '/api/admin/hosting/security-groups'
const ssh = { direction: 'in', action: 'accept', protocol: 'tcp', ports: '22', source: '192.0.2.0/24' }
const web = { direction: 'in', action: 'accept', protocol: 'tcp', ports: '80,443', comment: 'web' }
const groupOf = (name: string, rules: object[], owner: string | null = tenantId) =>
  good(app.admin.post<SecurityGroup>(GROUPS, { tenantId: owner, name, rules }))

const firewall = () => guestsOf(app, pod)[0]?.firewall
const rulesOnGuest = (): string[] =>
  (firewall()?.rules ?? []).map((rule) => [rule.type, rule.action, rule.dport].join(' '))
const shown = async () => (await app.admin.get<CloudPodFirewall>(`${PODS}/${pod}/firewall`)).body
async function put(groupIds: string[]): Promise<CloudPodFirewall> {
  const { job } = await good(app.admin.call<{ job: Job }>('PATCH', `${PODS}/${pod}/firewall`, { groupIds }))
  expect(await finished(app.admin, job.id)).toMatchObject({ state: 'succeeded' })
  return shown()
}
async function openFindings(): Promise<Finding[]> {
  const { body } = await app.admin.post<{ job: Job }>(
    `/api/admin/provisioning/clusters/${app.clusterId}/reconcile`,
  )
  expect(await finished(app.admin, body.job.id)).toMatchObject({ state: 'succeeded' })
  const path = '/api/admin/provisioning/findings?state=open'
  return (await app.admin.get<{ items: Finding[] }>(path)).body.items
}

it('a new guest sends from its own MAC and addresses alone from its first start, and lets everything in', async () => {
  const { addresses } = (await app.admin.get<{ addresses: string[] }>(`${PODS}/${pod}`)).body
  expect(firewall()).toEqual({
    options: { enable: '1', macfilter: '1', ipfilter: '1', policy_in: 'ACCEPT', policy_out: 'ACCEPT' },
    rules: [],
    ipsets: { 'ipfilter-net0': expect.arrayContaining([addresses[0], '2001:db8:2:a::/64']) },
  })
  expect(firewall()?.ipsets['ipfilter-net0']).toHaveLength(2)
  expect(guestsOf(app, pod)[0]?.config.net0).toContain('firewall=1')
  expect(await shown()).toMatchObject({ managed: true, otherwise: 'accept', provenAt: expect.any(String) })
})

it('an address that is added may be sent from, and one that is released may not any more', async () => {
  const path = `${PODS}/${pod}/addresses`
  const added = await good(app.admin.post<{ job: Job }>(path, { address: '192.0.2.99' }))
  expect(await finished(app.admin, added.job.id)).toMatchObject({ state: 'succeeded' })
  expect(firewall()?.ipsets['ipfilter-net0']).toContain('192.0.2.99')
  expect(await openFindings()).toEqual([])
  const gone = await good(app.admin.call<{ job: Job }>('DELETE', `${path}/192.0.2.99`))
  expect(await finished(app.admin, gone.job.id)).toMatchObject({ state: 'succeeded' })
  expect(firewall()?.ipsets['ipfilter-net0']).not.toContain('192.0.2.99')
})

it('under groups only what they accept comes in, in the order of groups and rules, and a changed group is told at once', async () => {
  const admins = await groupOf('admins', [ssh])
  const everyone = await groupOf('public', [web], null)
  expect(await put([admins.id, everyone.id])).toMatchObject({ otherwise: 'drop', problem: null })
  expect(firewall()?.options).toMatchObject({ policy_in: 'DROP' })
  expect(rulesOnGuest()).toEqual(['in ACCEPT 22', 'in ACCEPT 80,443'])
  const ping = { direction: 'in', action: 'accept', protocol: 'icmpv6' }
  const changed = await app.admin.call<{ jobs: number }>('PATCH', `${GROUPS}/${everyone.id}`, {
    rules: [ping, { ...web, ports: '443' }],
  })
  expect(changed.body).toMatchObject({ jobs: 1 })
  const { id } = await jobOf(app, pod, 'cloudPod.firewall')
  expect(await finished(app.admin, id)).toMatchObject({ state: 'succeeded' })
  expect(rulesOnGuest()).toEqual(['in ACCEPT 22', 'in ACCEPT ', 'in ACCEPT 443'])
  const taken = await app.admin.call<Problem>('DELETE', `${GROUPS}/${admins.id}`)
  expect(taken).toMatchObject({ status: 409, body: { code: 'conflict' } })
  expect(await put([])).toMatchObject({ otherwise: 'accept', groups: [] })
  expect(rulesOnGuest()).toEqual([])
  expect((await app.admin.call('DELETE', `${GROUPS}/${admins.id}`)).status).toBe(204)
})

it('a rule that somebody adds at the hypervisor is found, and a repair takes it away', async () => {
  const { vmid } = await podRow(app, pod)
  const guest = firewall()
  if (!guest) throw new Error('the guest has no firewall')
  app.sim.control.changeGuest(vmid, {
    firewall: {
      ...guest,
      options: { ...guest.options, ipfilter: '0' },
      rules: [{ type: 'in', action: 'DROP', enable: '1' }],
    },
  })
  const [finding, ...others] = await openFindings()
  expect(others).toEqual([])
  expect(finding).toMatchObject({ kind: 'network', found: expect.stringContaining('firewall ipfilter 0') })
  const { body } = await app.admin.post<Finding>(`/api/admin/provisioning/findings/${finding?.id}`, {
    decision: 'repair',
    reason: 'a test',
  })
  expect(await finished(app.admin, body.jobId ?? '')).toMatchObject({ state: 'succeeded' })
  expect(firewall()).toEqual(guest)
  expect(await openFindings()).toEqual([])
})

it('a firewall that cannot be set is said to be so, until it is set', async () => {
  const group = await groupOf('closed', [])
  app.sim.control.addFault({
    method: 'PUT',
    path: '/firewall/options',
    status: 400,
    reason: 'Parameter verification failed.',
  })
  const { job } = await good(
    app.admin.call<{ job: Job }>('PATCH', `${PODS}/${pod}/firewall`, { groupIds: [group.id] }),
  )
  expect(await finished(app.admin, job.id)).toMatchObject({ state: 'failed' })
  expect(await shown()).toMatchObject({ provenAt: null, problem: expect.any(String) })
  expect(await put([group.id])).toMatchObject({ problem: null, provenAt: expect.any(String) })
  await put([])
})

it.each([
  ['ports', { ...ssh, protocol: 'icmp' }],
  ['ports', { ...ssh, ports: '90:80' }],
  ['ports', { ...ssh, ports: '22; drop' }],
  ['destination', { ...ssh, destination: '2001:db8::/32' }],
  ['source', { ...ssh, source: 'example.com' }],
  ['comment', { ...ssh, comment: 'a\nb' }],
])('a rule whose %s cannot be is refused', async (path, rule) => {
  expect(await app.admin.post<Problem>(GROUPS, { tenantId, name: 'wrong', rules: [rule] })).toMatchObject({
    status: 422,
    body: { errors: [{ path: expect.stringMatching(new RegExp(`^rules\\.0(\\.${path})?$`)) }] },
  })
})

it('a pod is not put under the group of another tenant, and a group’s name is its own once', async () => {
  const foreign = await groupOf('theirs', [], await app.tenant())
  const answer = await app.admin.call<Problem>('PATCH', `${PODS}/${pod}/firewall`, {
    groupIds: [foreign.id],
  })
  expect(answer).toMatchObject({ status: 404 })
  await groupOf('once', [])
  const again = await app.admin.post<Problem>(GROUPS, { tenantId, name: 'once', rules: [] })
  expect(again).toMatchObject({ status: 409, body: { code: 'already_exists' } })
  expect(
    await rowsOf(app, sql`select from cloud_pod_security_groups where group_id = ${foreign.id}`),
  ).toEqual([])
})
