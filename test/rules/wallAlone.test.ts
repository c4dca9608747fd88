import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { TENANT_ROLES } from '../../shared/permissions.ts'
import { newId } from '../../src/lib/ids.ts'
import { visibleScope } from '../../src/middleware/rbac.ts'
import { routes } from '../../src/routes/index.ts'
import type { Answer, Api } from '../support/api.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { keyOf, person, roleKey } from '../users/people.ts'
import { addressOf, blueprintIn, CASES, ordered, planIn, podIn, type Made } from './cases.ts'
import { some } from '../support/some.ts'
import { rowsOf } from './rows.ts'

// Permissions are switched off: whoever is logged in may do everything. What still keeps tenants apart is row-level
// security, and the scope that it is given.
let app: TestApp
let other: string
let callers: Api[]
beforeAll(async () => {
  app = await startApp({
    worker: false,
    rbac: { requirePermission: () => {}, permittedScope: visibleScope },
  })
  const own = await app.tenant()
  other = await app.tenant()
  const owner = await person(app, 'TENANT_OWNER', own)
  callers = [
    ...(await Promise.all(TENANT_ROLES.map((role) => roleKey(app, role, own)))),
    (await keyOf(app, owner.email, { tenantId: own })).api,
  ]
  for (const tenantId of [own, other]) {
    await planIn(app, tenantId)
    await blueprintIn(app, tenantId)
    await ordered(app, tenantId)
    await podIn(app, tenantId)
  }
})
afterAll(() => app.close())

const scoped = routes.filter(({ access }) => typeof access === 'object')
const whereOf = ({ access }: (typeof routes)[number]) =>
  typeof access === 'object' ? access.where : undefined
const without = ({ status, body }: Answer<object>) => ({ status, body: { ...body, requestId: '' } })

/** The same request about a thing that nobody has. */
function unknown(route: (typeof routes)[number], made: Made): Made {
  const where = whereOf(route)
  if (where?.in !== 'body') return { ...made, id: newId() }
  return { ...made, body: { ...(made.body as object), [where.field]: newId() } }
}

describe.each(some(scoped, 3).map((route) => [`${route.method} ${route.path}`, route] as const))(
  '%s',
  (_, route) => {
    const where = whereOf(route)?.in
    test('does nothing to another tenant, and tells nothing of it, for any role', async () => {
      const made: Made = (await CASES[route.operationId]?.(app, other)) ?? {}
      const before = await rowsOf(app, other)
      for (const api of callers) {
        if (where === 'object' || where === 'body') {
          const answer = await api.call<object>(route.method, addressOf(route.path, made), made.body)
          const random = unknown(route, made)
          expect(answer.status).toBe(404)
          expect(
            without(await api.call<object>(route.method, addressOf(route.path, random), random.body)),
          ).toEqual(without(answer))
        } else if (route.operationId !== 'streamJobs') {
          const answer = await api.call(route.method, addressOf(route.path, made), made.body)
          if (route.method === 'GET') expect(JSON.stringify(answer.body)).not.toContain(other)
        }
      }
      expect(await rowsOf(app, other)).toEqual(before)
    })
  },
)
