import { readFileSync } from 'node:fs'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Cluster, ClusterCheck } from '../../shared/api/provisioning.ts'
import { newId } from '../../src/lib/ids.ts'
import { PRIVILEGES } from '../../src/services/provisioningService.ts'
import { podIn } from '../rules/pods.ts'
import { startApp, until, type TestApp } from '../support/app.ts'
import { rowsOf } from '../support/harnessWorld.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())

const PATH = '/api/admin/provisioning/clusters'
type Problem = { code: string; detail: string; errors?: { path: string }[] }

/** A cluster that nobody answers for. */
async function added(): Promise<Cluster> {
  const cluster = {
    name: `c-${newId()}`,
    apiUrl: 'https://127.0.0.1:1',
    tokenId: 'mpanel@pve!panel',
    tokenSecret: 'x',
  }
  return (await app.admin.post<{ cluster: Cluster }>(PATH, cluster)).body.cluster
}
const change = (id: string, body: object, headers?: Record<string, string>) =>
  app.admin.call<Cluster & Problem>('PATCH', `${PATH}/${id}`, body, headers)
const remove = (id: string, name: string) =>
  app.admin.post<Cluster & Problem>(`${PATH}/${id}/remove`, { name })
const connection = () => ({
  apiUrl: app.sim.url,
  tokenId: 'mpanel@pve!panel',
  fingerprint: app.sim.fingerprint,
})
const check = (body: object) => app.admin.post<ClusterCheck>(`${PATH}/check`, body)

it('README.md gives the token exactly the privileges that are asked for', () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
  const given = /--privs "([^"]+)"/.exec(readme)?.[1]?.split(/[\s\\]+/) ?? []
  expect(given.toSorted()).toEqual(Object.values(PRIVILEGES).flat().toSorted())
})

it('the check of a known cluster shows its certificate, version and nodes, and that the token lacks nothing', async () => {
  const { status, body } = await app.admin.post<ClusterCheck>(`${PATH}/${app.clusterId}/check`, {})
  expect(status).toBe(200)
  expect(body).toMatchObject({
    problem: null,
    missing: [],
    certificate: { fingerprint: app.sim.fingerprint },
    version: expect.stringMatching(/^\d/),
  })
  expect(body.nodes.map(({ name }) => name)).toContain('pve1')
})

it('a check says what is wrong: nobody there, another certificate, a wrong secret, a CA that is none', async () => {
  const typed = { ...connection(), tokenSecret: newId() }
  const problem = async (body: object) => (await check({ ...typed, ...body })).body
  expect(await problem({ apiUrl: 'https://127.0.0.1:1' })).toMatchObject({
    certificate: null,
    problem: expect.stringContaining('cannot be reached'),
  })
  const other = await problem({ fingerprint: Array.from({ length: 32 }, () => 'AB').join(':') })
  expect(other.problem).toContain('fingerprint')
  expect(other.certificate?.fingerprint).toBe(app.sim.fingerprint)
  expect((await problem({})).problem).toMatch(/invalid token|authentication/)
  expect((await problem({ caPem: 'none' })).problem).toContain('no PEM certificate')
})

it('a check names the privileges that a token lacks, by path', async () => {
  const secret = newId()
  app.sim.control.addToken({
    id: 'poor@pve!panel',
    secret,
    privileges: ['VM.Audit', 'VM.Clone', 'Sys.Audit'],
  })
  const { body } = await check({ ...connection(), tokenId: 'poor@pve!panel', tokenSecret: secret })
  expect(body.problem).toBeNull()
  expect(body.missing).toContainEqual({ path: '/storage', privileges: ['Datastore.AllocateSpace'] })
  expect(body.missing.find(({ path }) => path === '/vms')?.privileges).not.toContain('VM.Clone')
})

it('a changed cluster is read again at once, and the secret must be typed when it would be sent elsewhere', async () => {
  const { id, version, name } = await added()
  expect(await change(id, { apiUrl: app.sim.url })).toMatchObject({
    status: 422,
    body: { errors: [{ path: 'tokenSecret' }] },
  })
  expect(await change(id, { name: 'renamed' }, { 'if-match': `"v${version + 7}"` })).toMatchObject({
    status: 412,
  })
  expect(await change(id, { name: 'simulated' })).toMatchObject({
    status: 409,
    body: { code: 'already_exists' },
  })
  expect(await change(id, { vmidMin: 900, vmidMax: 800 })).toMatchObject({ status: 422 })
  const [{ token_secret_sealed: _, ...known } = {} as Record<string, unknown>] = await rowsOf(
    app,
    sql<Record<string, unknown>>`select * from clusters where id = ${id}`,
  )
  expect(known).toMatchObject({ name, api_url: 'https://127.0.0.1:1' })
  const secret = newId()
  app.sim.control.addToken({ id: 'other@pve!panel', secret, privileges: Object.values(PRIVILEGES).flat() })
  const moved = { ...connection(), tokenId: 'other@pve!panel', tokenSecret: secret }
  expect(await change(id, moved)).toMatchObject({ status: 200, body: { apiUrl: app.sim.url } })
  await until(
    async () => (await app.admin.get<Cluster>(`${PATH}/${id}`)).body.health === 'ok',
    'it to be read',
  )
  expect((await change(id, { state: 'paused' })).body.state).toBe('paused')
  expect(await remove(id, 'something else')).toMatchObject({
    status: 422,
    body: { errors: [{ path: 'name' }] },
  })
  expect(await remove(id, name)).toMatchObject({ status: 200, body: { state: 'removed' } })
})

it('a cluster is removed only without pods: it is listed no more, its secret is gone and its name free', async () => {
  await podIn(app, await app.tenant())
  expect(await remove(app.clusterId, 'simulated')).toMatchObject({
    status: 409,
    body: { code: 'invalid_state' },
  })
  await rowsOf(app, sql`update clusters set simulated = false where id = ${app.clusterId}`)
  const refused = await remove(app.clusterId, 'simulated')
  expect(refused).toMatchObject({ status: 409 })
  expect(refused.body.detail).toContain('pod(s) live on this cluster')

  const { id, name } = await added()
  await remove(id, name)
  expect((await app.admin.get(`${PATH}/${id}`)).status).toBe(404)
  const { body } = await app.admin.get<{ items: Cluster[] }>(PATH)
  expect(body.items.map((one) => one.id)).not.toContain(id)
  expect(
    await rowsOf(app, sql`select length(token_secret_sealed) as n from clusters where id = ${id}`),
  ).toEqual([{ n: 0 }])
  expect((await remove(id, name)).status).toBe(404)
  const again = { name, apiUrl: 'https://127.0.0.1:1', tokenId: 'mpanel@pve!panel', tokenSecret: 'x' }
  expect((await app.admin.post(PATH, again)).status).toBe(202)
})
