import { readFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  PEOPLE_ONLY,
  PERMISSIONS,
  PLATFORM_ROLES,
  ROLE_PERMISSIONS,
  TENANT_ROLES,
  type BuiltinRole,
} from '../../shared/permissions.ts'
import { newId } from '../../src/lib/ids.ts'
import type { Route } from '../../src/routes/define.ts'
import { routes } from '../../src/routes/index.ts'
import { createApi, type Api } from '../support/api.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { person, roleKey, session } from '../users/people.ts'

/** Reviewed as a diff. `UPDATE=1` writes it anew. */
const FILE = new URL('permissions.txt', import.meta.url)
const ROLES = [...PLATFORM_ROLES, ...TENANT_ROLES]
const UPDATE = process.env['UPDATE'] === '1'

let app: TestApp
const callers = new Map<string, Api>()
/** The same roles logged in: there are things that a key never does. */
const people = new Map<string, Api>()
beforeAll(async () => {
  app = await startApp({ worker: false, blueprints: false })
  const tenantId = await app.tenant()
  for (const role of PLATFORM_ROLES) callers.set(role, await roleKey(app, role))
  for (const role of PLATFORM_ROLES) people.set(role, await inPerson(role))
  for (const role of TENANT_ROLES) people.set(role, await inPerson(role, tenantId))
  for (const role of TENANT_ROLES) callers.set(role, await roleKey(app, role, tenantId))
  callers.set('nobody', await createApi(app.url, undefined))
})
afterAll(() => app.close())

const inPerson = async (role: BuiltinRole, tenantId: string | null = null): Promise<Api> =>
  (await session(app, (await person(app, role, tenantId)).email)).api

/**
 * What the running server says to a role, asked with a request that is authorised like any other but can have no
 * effect: an id nobody has, a body and a query that are not valid.
 */
async function verdict(api: Api, route: Route): Promise<string> {
  const path = route.path.replace('{id}', newId()) + (route.method === 'GET' ? '?limit=0' : '')
  const { status } = await api.call(route.method, path, route.body ? {} : undefined)
  if (status === 401) return '!'
  return status === 403 ? '✘' : '✔'
}

const forPeople = ({ access }: Route): boolean =>
  typeof access === 'object' && PEOPLE_ONLY.includes(access.permission)

function lines(title: string, rows: [string, string[]][], columns: readonly string[]): string {
  const width = Math.max(title.length, ...rows.map(([name]) => name.length))
  const cells = (marks: readonly string[]) =>
    marks.map((mark, index) => mark.padEnd((columns[index] ?? '').length)).join('  ')
  const all: [string, readonly string[]][] = [[title, columns], ...rows]
  return all.map(([name, marks]) => `${name.padEnd(width)}  ${cells(marks)}`.trimEnd()).join('\n')
}

test('the matrix of roles, permissions and routes is the reviewed one, asked of the running server', async () => {
  const permissions = PERMISSIONS.map((permission): [string, string[]] => [
    permission,
    ROLES.map((role) => (ROLE_PERMISSIONS[role].includes(permission) ? '✔' : '✘')),
  ])
  const columns = [...ROLES, 'nobody']
  const answers: [string, string[]][] = []
  for (const route of routes) {
    const marks = await Promise.all(
      columns.map(async (column) => {
        const api = (forPeople(route) ? people.get(column) : undefined) ?? callers.get(column)
        return api ? verdict(api, route) : '?'
      }),
    )
    answers.push([`${route.method} ${route.path}`, marks])
  }
  const text = [
    'Who may do what: ✔ allowed, ✘ refused, ! not logged in. Tenant roles in their own tenant.',
    lines('permission', permissions, ROLES),
    lines('route', answers, columns),
  ].join('\n\n')
  if (UPDATE) writeFileSync(FILE, `${text}\n`)
  expect(`${text}\n`).toBe(readFileSync(FILE, 'utf8'))
}, 120_000)

test('every permission is asked for by a route, and every route asks for one that exists', () => {
  const asked = routes.flatMap(({ access }) => (typeof access === 'object' ? [access.permission] : []))
  expect([...new Set(asked)].toSorted()).toEqual([...PERMISSIONS].toSorted())
})

test('no tenant role may do what concerns the platform', () => {
  for (const role of TENANT_ROLES) {
    for (const permission of [
      'infrastructure:read',
      'infrastructure:manage',
      'tenants:create',
      'billing:manage',
    ]) {
      expect(ROLE_PERMISSIONS[role]).not.toContain(permission)
    }
  }
})

const inside = (lower: keyof typeof ROLE_PERMISSIONS, upper: keyof typeof ROLE_PERMISSIONS) =>
  ROLE_PERMISSIONS[lower].filter((permission) => !ROLE_PERMISSIONS[upper].includes(permission))

test('a role only has permissions that its superior has as well', () => {
  expect(inside('TENANT_USER', 'TENANT_ADMIN')).toEqual([])
  expect(inside('TENANT_ADMIN', 'TENANT_OWNER')).toEqual([])
  for (const role of ROLES) expect(inside(role, 'SUPER_ADMIN')).toEqual([])
})
