import { sql } from 'kysely'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { IpPool } from '../../shared/api/provisioningPools.ts'
import type { IpSource, IpSourceCheck } from '../../shared/api/provisioningSources.ts'
import type { NetboxSim } from '../../sim/netbox/server.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { rowsOf } from '../support/harnessWorld.ts'
import { FIELD, LOOPBACK, netboxWithField, poolFrom, prefixIn, sourceOf } from '../support/netbox.ts'

const PATH = '/api/admin/provisioning/ip-sources'
let app: TestApp
let sim: NetboxSim
beforeAll(async () => {
  sim = await netboxWithField()
  app = await startApp({ worker: false, blueprints: false, env: LOOPBACK })
})
afterAll(async () => {
  await app.close()
  await sim.close()
})

type Problem = { code: string; detail: string; errors?: { path: string; message: string }[] }
const change = (id: string, body: object, version?: number) =>
  app.admin.call<IpSource & Problem>(
    'PATCH',
    `${PATH}/${id}`,
    body,
    version === undefined ? {} : { 'if-match': `"v${version}"` },
  )

it('a NetBox is added, listed and changed, and its token is sealed and never answered', async () => {
  const source = await sourceOf(app, { url: `${sim.url}/api/`, token: sim.token })
  expect(source).toMatchObject({ url: sim.url, field: FIELD, health: 'unknown', pools: 0, version: 1 })
  expect(JSON.stringify(source)).not.toContain(sim.token)
  const [row] = await rowsOf(
    app,
    sql<{ token_sealed: Buffer }>`select token_sealed from ip_sources where id = ${source.id}`,
  )
  expect(row?.token_sealed.toString('latin1')).not.toContain(sim.token)
  const { body } = await app.admin.get<{ items: IpSource[] }>(PATH)
  expect(body.items.map(({ id }) => id)).toContain(source.id)
  expect(await change(source.id, { name: 'renamed' }, 7)).toMatchObject({ status: 412 })
  expect(await change(source.id, { name: 'renamed' }, 1)).toMatchObject({
    status: 200,
    body: { name: 'renamed', version: 2 },
  })
  const again = await app.admin.post<Problem>(PATH, { name: 'renamed', url: sim.url, token: sim.token })
  expect(again).toMatchObject({ status: 409, body: { code: 'already_exists' } })
  const other = await sourceOf(app, sim)
  expect(await change(other.id, { name: 'renamed' })).toMatchObject({ status: 409 })
  const [event] = await rowsOf(
    app,
    sql`select details::text as text from audit_events where action = 'IP_SOURCE_CREATED' limit 1`,
  )
  expect(JSON.stringify(event)).not.toContain(sim.token)
})

it('whoever changes where the token is sent, or whom is trusted there, says it anew', async () => {
  const { id } = await sourceOf(app, sim)
  for (const moved of [{ url: 'https://other.example.com' }, { caPem: 'x' }])
    expect(await change(id, moved)).toMatchObject({ status: 422, body: { errors: [{ path: 'token' }] } })
  const moved = { url: 'https://other.example.com', token: 'nbt_other.0123456789' }
  expect(await change(id, moved)).toMatchObject({ status: 200, body: { url: moved.url } })
})

it('one of which there is a pool keeps its field and is not removed; without one it is', async () => {
  const source = await sourceOf(app, sim)
  const pool = await poolFrom(app, source, prefixIn(sim, '198.51.100.0/28'))
  expect(pool.source).toMatchObject({ id: source.id, name: source.name, comparedAt: null, untold: 0 })
  expect(await change(source.id, { field: 'other' })).toMatchObject({ status: 409 })
  const path = `${PATH}/${source.id}`
  expect(await app.admin.call<Problem>('DELETE', path)).toMatchObject({ status: 409 })
  const poolPath = `/api/admin/provisioning/ip-pools/${pool.id}`
  await app.admin.call('PATCH', poolPath, { state: 'paused' })
  expect(await app.admin.call('DELETE', poolPath)).toMatchObject({ status: 204 })
  expect(await app.admin.call('DELETE', path)).toMatchObject({ status: 204 })
  expect(await app.admin.get(path)).toMatchObject({ status: 404 })
  expect(await app.admin.call('DELETE', path)).toMatchObject({ status: 404 })
  expect(await change(source.id, {})).toMatchObject({ status: 404 })
})

it('a pool is of a NetBox that is there, of a prefix that is no other pool’s, and of single addresses', async () => {
  const source = await sourceOf(app, sim)
  const prefixId = prefixIn(sim, '198.51.100.0/28')
  const ask = (more: object) =>
    app.admin.post<IpPool & Problem>('/api/admin/provisioning/ip-pools', {
      clusterId: app.clusterId,
      name: 'of netbox',
      network: '198.51.100.0/28',
      gateway: '198.51.100.1',
      rangeStart: '198.51.100.2',
      rangeEnd: '198.51.100.14',
      source: { id: source.id, prefixId },
      ...more,
    })
  expect(await ask({ source: { id: app.clusterId, prefixId } })).toMatchObject({ status: 404 })
  expect(await ask({})).toMatchObject({ status: 201 })
  const other = {
    name: 'twice',
    network: '203.0.113.0/24',
    gateway: '203.0.113.1',
    rangeStart: '203.0.113.2',
    rangeEnd: '203.0.113.9',
  }
  expect(await ask(other)).toMatchObject({ status: 409, body: { code: 'already_exists' } })
  const whole = {
    name: 'whole',
    network: '2001:db8::/48',
    gateway: 'fe80::1',
    rangeStart: '2001:db8::1',
    rangeEnd: '2001:db8:0:9::1',
    podPrefix: 64,
  }
  expect(await ask(whole)).toMatchObject({ status: 422, body: { errors: [{ path: 'podPrefix' }] } })
  const plain = await ask({ ...other, name: 'plain', source: null })
  expect(
    await app.admin.post<Problem>(`/api/admin/provisioning/ip-pools/${plain.body.id}/compare`),
  ).toMatchObject({ status: 409, body: { code: 'invalid_state' } })
})

/** What a check says of a connection that was typed. */
async function problemsOf(more: object): Promise<IpSourceCheck> {
  const { status, body } = await app.admin.post<IpSourceCheck>(`${PATH}/check`, {
    url: sim.url,
    token: sim.token,
    ...more,
  })
  expect(status).toBe(200)
  return body
}

it('the check of a connection says in words what is wrong', async () => {
  const prefixId = prefixIn(sim, '203.0.113.0/24')
  expect(await problemsOf({ prefixId })).toEqual({
    problems: [],
    version: '4.6.8',
    prefix: { id: prefixId, network: '203.0.113.0/24', vrf: null },
  })
  const said = async (more: object) => (await problemsOf(more)).problems.join(' ')
  expect(await said({ token: 'nbt_nobody.0123456789' })).toContain('does not take the token')
  expect(await said({ token: sim.addToken({ write: false }) })).toContain('may only read')
  expect(await said({ prefixId: 999_999 })).toContain('no prefix 999999')
  expect(await said({ field: 'elsewhere' })).toContain('no custom field elsewhere')
  expect(await said({ url: `${sim.url}/elsewhere` })).toContain('no NetBox at this address')
  const poor = await problemsOf({
    prefixId,
    token: sim.addToken({ permissions: new Set(['ipam.add_ipaddress']) }),
  })
  for (const right of [
    'ipam.change_ipaddress',
    'ipam.view_ipaddress',
    'extras.view_customfield',
    'ipam.view_iprange',
    'ipam.view_prefix',
  ])
    expect(poor.problems.join(' ')).toContain(right)
})

it('a field of another kind, an address that nobody answers at and one in our own networks are told', async () => {
  const said = async (more: object) => (await problemsOf(more)).problems.join(' ')
  const field = sim.world.fields.get(FIELD)
  if (field) sim.world.fields.set(FIELD, { ...field, filter_logic: 'loose' })
  expect(await said({})).toContain('filter logic "exact"')
  if (field) sim.world.fields.set(FIELD, field)
  expect(await said({ url: 'http://127.0.0.1:1' })).toContain('cannot be reached')
  expect(await said({ url: 'https://10.9.8.7' })).toContain('cannot be reached')
})

it('a NetBox that is known is checked with its own token, and each check is written down', async () => {
  const source = await sourceOf(app, sim)
  const prefixId = prefixIn(sim, '203.0.113.0/25')
  const { status, body } = await app.admin.post<IpSourceCheck>(`${PATH}/${source.id}/check`, { prefixId })
  expect({ status, body }).toMatchObject({ status: 200, body: { problems: [], prefix: { id: prefixId } } })
  expect(await app.admin.post(`${PATH}/${app.clusterId}/check`, {})).toMatchObject({ status: 404 })
  const [event] = await rowsOf(
    app,
    sql<{ outcome: string }>`select outcome from audit_events
      where action = 'IP_SOURCE_CHECKED' and target_id = ${source.id}`,
  )
  expect(event?.outcome).toBe('success')
})
