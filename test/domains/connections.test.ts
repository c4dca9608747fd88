import { afterAll, beforeAll, expect, test } from 'vitest'
import type { CloudPod } from '../../shared/api/cloudPods.ts'
import type { DomainConnection } from '../../shared/api/domainConnections.ts'
import type { Problem } from '../../shared/api/common.ts'
import type { SslDeployments } from '../../shared/api/sslTargets.ts'
import type { Permission } from '../../shared/permissions.ts'
import type { Job } from '../../shared/api/provisioning.ts'
import { sql } from 'kysely'
import { newId } from '../../src/lib/ids.ts'
import * as domainConnectionService from '../../src/services/domainConnectionService.ts'
import { domainIn } from '../rules/casesDomains.ts'
import { activePod, good } from '../rules/pods.ts'
import { catalogue } from '../support/api.ts'
import { finished, startApp, until, type TestApp } from '../support/app.ts'
import { servedBy, serverOf } from '../support/dnsZones.ts'
import { LOOPBACK } from '../support/netbox.ts'
import { startPowerDns, type PowerDns } from '../support/powerdns.ts'
import { keyOf, person } from '../users/people.ts'

let app: TestApp
let pdns: PowerDns
let tenantId: string
let pods: CloudPod[]
beforeAll(async () => {
  pdns = await startPowerDns()
  app = await startApp({ env: LOOPBACK })
  tenantId = await app.tenant()
  await serverOf(app, pdns)
  const ids = await Promise.all([activePod(app, tenantId, false), activePod(app, tenantId, false)])
  const show = async ({ id }: { id?: string }) =>
    (await app.admin.get<CloudPod>(`/api/admin/hosting/cloudpods/${id}`)).body
  pods = await Promise.all(ids.map(show))
})
afterAll(async () => {
  await app.close()
  await pdns.close()
})

type Connected = { connection: DomainConnection; job: Job | null }
const begin = async () => {
  const { id, name } = await domainIn(app, tenantId, `d${newId().slice(-12)}.example.com`)
  const path = `/api/admin/domains/${id}/connect`
  return {
    id,
    name,
    connect: (body: object) => app.admin.post<Connected & Problem>(path, body),
    shown: async () => (await app.admin.get<{ connection: DomainConnection | null }>(path)).body.connection,
    disconnect: () => app.admin.call('DELETE', path),
    served: async (says: Record<string, string[]>) => {
      const text = (all: object) =>
        JSON.stringify(Object.entries(all).toSorted(([one], [other]) => one.localeCompare(other)))
      const what = text(says)
      await until(async () => {
        const { [`${name}. NS`]: _, [`${name}. SOA`]: __, ...others } = await servedBy(pdns, `${name}.`)
        return text(others) === what
      }, `${name} to be served as ${what}`)
    },
  }
}
const [v4, v6] = [
  (of: CloudPod) => of.addresses.filter((one) => !one.includes(':')),
  (of: CloudPod) => of.addresses.filter((one) => one.includes(':')),
]
const events = async (id: string) =>
  (
    await app.admin.get<{ items: { action: string }[] }>(`/api/admin/audit/events?targetId=${id}`)
  ).body.items.map(({ action }) => action)

const recordsOf = (pod: CloudPod, ...hosts: string[]): Record<string, string[]> =>
  Object.fromEntries(
    hosts.flatMap((host) => [
      [`${host}. A`, v4(pod)],
      ...(v6(pod).length > 0 ? [[`${host}. AAAA`, v6(pod)]] : []),
    ]),
  )

test('a connected domain leads to its pod by real DNS, has a certificate for its names, and says so in the log', async () => {
  const domain = await begin()
  const [pod] = pods
  const { status, body } = await domain.connect({ podId: pod?.id })
  expect([status, body.connection.hosts]).toEqual([202, [domain.name, `www.${domain.name}`]])
  expect(await finished(app.admin, body.job?.id ?? '')).toMatchObject({ state: 'succeeded' })
  await domain.served(recordsOf(pod as CloudPod, domain.name, `www.${domain.name}`))
  const shown = await domain.shown()
  expect(shown).toMatchObject({ served: true, certificate: { state: 'issued' } })
  expect(await events(domain.id)).toContain('DOMAIN_UPDATED')
  expect(await events(shown?.certificate?.id ?? '')).toEqual(
    expect.arrayContaining(['SSL_ISSUE_REQUESTED', 'SSL_ISSUED']),
  )

  // Asked for again it is the same certificate, and nothing is written twice.
  const again = await domain.connect({ podId: pod?.id })
  expect(again.body).toMatchObject({ job: null, connection: { certificate: { id: shown?.certificate?.id } } })
})

test('every name of a domain leads to its pod by a wildcard, which its certificate covers', async () => {
  const domain = await begin()
  const [pod] = pods
  const { status, body } = await domain.connect({ podId: pod?.id, hosts: ['@', 'www', '*'] })
  expect(status).toBe(202)
  expect(await finished(app.admin, body.job?.id ?? '')).toMatchObject({ state: 'succeeded' })
  await domain.served(recordsOf(pod as CloudPod, domain.name, `www.${domain.name}`, `*.${domain.name}`))
  const id = (await domain.shown())?.certificate?.id ?? ''
  const { names } = (await app.admin.get<{ names: string[] }>(`/api/admin/ssl/certificates/${id}`)).body
  expect(names.toSorted()).toEqual([`*.${domain.name}`, domain.name])
  const inside = await domain.connect({ podId: pod?.id, hosts: ['www.*'] })
  expect(inside.body).toMatchObject({ code: 'invalid_input' })
})

test('its records follow the addresses of the pod, and go when the pod goes', async () => {
  const domain = await begin()
  const [, pod] = pods as [CloudPod, CloudPod]
  await domain.connect({ podId: pod.id, hosts: ['@'], certificate: false })
  const { body } = await app.admin.post<{ job: Job }>(`/api/admin/hosting/cloudpods/${pod.id}/addresses`, {
    family: 'ipv4',
  })
  await finished(app.admin, body.job.id)
  await domainConnectionService.followPods(app.root)
  const now = (await app.admin.get<CloudPod>(`/api/admin/hosting/cloudpods/${pod.id}`)).body
  expect(v4(now)).toHaveLength(2)
  expect(await domain.shown()).toMatchObject({ addresses: expect.arrayContaining(v4(now)) })
  const gone = await app.admin.call<{ job: Job }>('DELETE', `/api/admin/hosting/cloudpods/${pod.id}`)
  await finished(app.admin, gone.body.job.id)
  await domainConnectionService.followPods(app.root)
  expect(await domain.shown()).toBeNull()
  await domain.served({})
})

test('records that users wrote are in nobody’s way unless they say so, and stay where they are not', async () => {
  const domain = await begin()
  const [pod] = pods as [CloudPod]
  const records = `/api/admin/domains/${domain.id}/records`
  await app.admin.post(`/api/admin/domains/${domain.id}/zone`, {})
  const put = (name: string, type: string, content: string) =>
    app.admin.call('PUT', records, { name, type, ttl: 300, contents: [content] })
  await put('@', 'A', '192.0.2.99')
  await put('@', 'MX', '10 mail.example.net.')
  await put('www', 'CNAME', 'elsewhere.example.net.')
  const refused = await domain.connect({ podId: pod.id })
  expect([refused.status, refused.body.detail]).toEqual([
    409,
    expect.stringContaining('has records of its own already (A 192.0.2.99)'),
  ])
  expect((await domain.connect({ podId: pod.id, replace: true, certificate: false })).status).toBe(202)
  await until(async () => {
    const served = await servedBy(pdns, `${domain.name}.`)
    return (
      served[`${domain.name}. MX`] && served[`www.${domain.name}. A`] && !served[`www.${domain.name}. CNAME`]
    )
  }, 'the records to be replaced')
  expect((await domain.disconnect()).status).toBe(204)
  await domain.served({ [`${domain.name}. MX`]: ['10 mail.example.net.'] })
  expect((await domain.disconnect()).status).toBe(404)
})

test('what cannot be connected says why, and leaves nothing behind', async () => {
  const domain = await begin()
  const { connect } = domain
  expect((await connect({ podId: newId() })).status).toBe(404)
  const [pod] = pods as [CloudPod]
  const outside = await connect({ podId: pod.id, hosts: ['@', 'www.example.net.'] })
  expect(outside.body).toMatchObject({ code: 'invalid_input', errors: [{ path: 'hosts.1' }] })
  const claim = { tenantId, name: `d${newId().slice(-12)}.example.com` }
  const { id } = (await app.admin.post<{ id: string }>('/api/admin/domains', claim)).body
  const unproven = await app.admin.post<Problem>(`/api/admin/domains/${id}/connect`, { podId: pod.id })
  expect(unproven.body).toMatchObject({
    code: 'invalid_state',
    detail: expect.stringContaining('set its TXT record'),
  })
  const zones = await app.as((ctx) =>
    sql`select from dns_zones where domain_id in (${id}, ${domain.id})`.execute(ctx.tx),
  )
  expect(zones.rows).toEqual([])
})

const targetsOf = async (certificateId: string | undefined) =>
  (await app.admin.get<SslDeployments>(`/api/admin/ssl/certificates/${certificateId}/deployments`)).body
    .targets

test('a domain that is connected has its certificate brought into the pod, which no other one gets any more', async () => {
  const domain = await begin()
  const [first] = pods as [CloudPod]
  const second = { id: (await activePod(app, tenantId, false)).id ?? '' }
  const delivery = { kind: 'agent' }
  expect(await domain.connect({ podId: first.id, certificate: false, delivery })).toMatchObject({
    status: 422,
    body: { errors: [{ path: 'delivery' }] },
  })
  const made = await domain.connect({ podId: first.id, delivery })
  expect(made.body.connection).toMatchObject({ delivery: { kind: 'agent', state: 'waiting', problem: null } })
  const certificateId = made.body.connection.certificate?.id
  // Once more, or with nothing said: it stays as it is.
  await domain.connect({ podId: first.id, delivery })
  await domain.connect({ podId: first.id })
  expect(await targetsOf(certificateId)).toMatchObject([{ kind: 'agent', podId: first.id }])
  // Other names are another certificate, which comes in the same way.
  const other = await domain.connect({ podId: first.id, hosts: ['@'] })
  expect(other.body.connection).toMatchObject({ delivery: { kind: 'agent' } })
  expect(await targetsOf(certificateId)).toEqual([])
  expect(await targetsOf(other.body.connection.certificate?.id)).toHaveLength(1)
  const moved = await domain.connect({ podId: second.id, hosts: ['@'] })
  expect(moved.body.connection).toMatchObject({ pod: { id: second.id }, delivery: null })
  expect(await targetsOf(other.body.connection.certificate?.id)).toEqual([])
})

test('connecting installs the certificate in a virtual machine without another step, for who may do so', async () => {
  const { plan, blueprint } = await catalogue(app.admin, 'vm')
  const order = { tenantId, planId: plan.id, blueprintId: blueprint.id, hostname: `vm-${newId().slice(-12)}` }
  const vm = await good(
    app.admin.post<{ cloudPod: CloudPod; job: Job }>('/api/admin/hosting/cloudpods', order),
  )
  await finished(app.admin, vm.job.id)
  const domain = await begin()
  const delivery = {
    kind: 'guest',
    chainPath: '/etc/ssl/site.pem',
    keyPath: '/etc/ssl/site.key',
    reload: 'systemctl reload nginx',
  }
  const body = { podId: vm.cloudPod.id, delivery }
  const { email } = await person(app, 'TENANT_OWNER', tenantId)
  const scopes: Permission[] = ['domains:read', 'domains:update', 'cloudpods:read']
  const path = `/api/admin/domains/${domain.id}/connect`
  for (const permission of ['ssl:manage', 'cloudpods:console'] as const) {
    const { api } = await keyOf(app, email, { tenantId, scopes: [...scopes] })
    expect(await api.post(path, body)).toMatchObject({
      status: 403,
      body: { detail: expect.stringContaining(permission) as string },
    })
    scopes.push(permission)
  }
  expect(await domain.shown()).toBeNull()
  const { body: made } = await domain.connect(body)
  await finished(app.admin, made.job?.id ?? '')
  await until(async () => (await domain.shown())?.delivery?.state === 'delivered', 'the delivery')
  const guest = app.sim.control.guests().find(({ config }) => config.name === vm.cloudPod.hostname)
  expect(Object.keys(guest?.inside?.files ?? {}).toSorted()).toEqual([delivery.keyPath, delivery.chainPath])
  expect(guest?.inside?.runs.at(-1)?.command.trim()).toBe(delivery.reload)
})
