import { afterAll, beforeAll, expect, test } from 'vitest'
import { routes } from '../../src/routes/index.ts'
import type { Problem } from '../../shared/api/common.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { addressOf, CASES } from '../rules/cases.ts'
import { rowsOf } from '../rules/rows.ts'

/** What a caller would like to decide for himself. */
const WISHES: Record<string, unknown> = {
  id: '01a2237a-97b4-7040-b71c-7107d7f80411',
  isAdmin: true,
  role: 'SUPER_ADMIN',
  roles: ['SUPER_ADMIN'],
  permissions: ['tenants:create'],
  platform: true,
  ownerId: '01a2237a-97b4-7040-b71c-7107d7f80411',
  balance: '1000000',
  price: '0',
  createdAt: '2020-01-01T00:00:00Z',
  updated_at: '2020-01-01T00:00:00Z',
  version: 99,
  totpSecret: 'x',
  passwordHash: 'x',
  emailVerified: true,
  verifiedAt: '2020-01-01T00:00:00Z',
}

let app: TestApp
let tenantId: string
beforeAll(async () => {
  app = await startApp({ worker: false })
  tenantId = await app.tenant()
})
afterAll(() => app.close())

const shapeOf = (schema: unknown): object =>
  typeof schema === 'object' && schema !== null && 'shape' in schema ? (schema.shape as object) : {}

const withBody = routes.filter(({ body }) => body !== undefined)

test.each(withBody.map((route) => [`${route.method} ${route.path}`, route] as const))(
  '%s refuses every field it does not declare, and changes nothing',
  async (_, route) => {
    const made = (await CASES[route.operationId]?.(app, tenantId)) ?? {}
    const before = await rowsOf(app, tenantId)
    const declared = shapeOf(route.body)
    const wishes = Object.entries(WISHES).filter(([name]) => !(name in declared))
    const body = { ...(made.body as object), ...Object.fromEntries(wishes) }
    const api = made.caller ?? app.admin
    const answer = await api.call<Problem>(route.method, addressOf(route.path, made), body)
    expect([answer.status, answer.body.code]).toEqual([422, 'invalid_input'])
    const told = JSON.stringify(answer.body.errors)
    for (const [name] of wishes) expect(told).toContain(name)
    expect(await rowsOf(app, tenantId)).toEqual(before)
  },
)
