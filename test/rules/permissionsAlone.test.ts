import { afterAll, beforeAll, expect, test } from 'vitest'
import { PEOPLE_ONLY } from '../../shared/permissions.ts'
import { routes } from '../../src/routes/index.ts'
import type { Api } from '../support/api.ts'
import { some } from '../support/some.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { keyOf, person, session } from '../users/people.ts'
import { addressOf, blueprintIn, CASES, ordered, planIn, podIn, roleIn, userIn, type Made } from './cases.ts'
import { ownerOf, rowsOf, tenantTables } from './rows.ts'

// Row-level security is switched off: what still keeps tenants apart is the permission check and the queries.
let app: TestApp
let own: string
let other: string
let ownKey: Api
/** What keys never do is tried by the owner in person. */
let ownerSession: Api
beforeAll(async () => {
  app = await startApp({ worker: false })
  own = await app.tenant()
  other = await app.tenant()
  for (const tenantId of [own, other]) {
    await planIn(app, tenantId)
    await blueprintIn(app, tenantId)
    await ordered(app, tenantId)
    await podIn(app, tenantId)
    await roleIn(app, tenantId)
    await userIn(app, tenantId)
  }
  ownerSession = (await session(app, (await person(app, 'TENANT_OWNER', own)).email)).api
  ownKey = (await keyOf(app, 'admin@example.com', { tenantId: own })).api
  const owner = await ownerOf(app.ownerUrl)
  for (const table of [...(await tenantTables(app)), 'tenants']) {
    await owner.query(`alter table ${table} no force row level security, disable row level security`)
  }
  await owner.close()
})
afterAll(() => app.close())

const scoped = routes.filter(({ access }) => typeof access === 'object' && access.where.in !== 'platform')
/** Narrowed to the caller's tenants, as lists are: what is foreign is left out. */
const isOfMany = ({ access, operationId }: (typeof routes)[number]): boolean =>
  operationId === 'getAuditTimeline' || (typeof access === 'object' && access.where.in === 'list')
const isList = (operationId: string): boolean => operationId.startsWith('list')

test.each(some(scoped).map((route) => [`${route.method} ${route.path}`, route] as const))(
  '%s does nothing for another tenant',
  async (_, route) => {
    const made: Made = (await CASES[route.operationId]?.(app, other)) ?? {}
    const before = await rowsOf(app, other)
    if (isOfMany(route) && !isList(route.operationId) && route.operationId !== 'streamJobs') {
      const answer = await ownKey.call(route.method, addressOf(route.path, made), made.body)
      expect(JSON.stringify(answer.body)).not.toContain(other)
      return expect(await rowsOf(app, other)).toEqual(before)
    }
    const foreign = isList(route.operationId) || route.operationId === 'streamJobs'
    const path = addressOf(route.path, foreign ? { query: `?tenantId=${other}` } : made)
    const { access } = route
    const isForPeople = typeof access === 'object' && PEOPLE_ONLY.includes(access.permission)
    const caller = isForPeople ? ownerSession : ownKey
    const answer = await caller.call(route.method, path, made.body)
    expect(route.operationId === 'listTenants' ? [422] : [403, 404]).toContain(answer.status)
    expect(await rowsOf(app, other)).toEqual(before)
    if (!isList(route.operationId)) return
    const all = await caller.get(`${route.path}?limit=200`)
    expect(all.status).toBe(200)
    expect(JSON.stringify(all.body)).not.toContain(other)
  },
)
