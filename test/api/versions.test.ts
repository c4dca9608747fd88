import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Customer } from '../../shared/api/customers.ts'
import type { Tenant } from '../../shared/api/tenants.ts'
import { startApp, type TestApp } from '../support/app.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp({ worker: false, blueprints: false })
})
afterAll(() => app.close())

const kinds: [string, () => Promise<string>][] = [
  ['a tenant', async () => `/api/admin/tenants/${await app.tenant()}`],
  [
    'a customer',
    async () => {
      const body = { tenantId: await app.tenant(), name: 'Ada', email: 'ada@example.com' }
      return `/api/admin/customers/${(await app.admin.post<Customer>('/api/admin/customers', body)).body.id}`
    },
  ],
]

const patch = (path: string, name: string, tag?: string) =>
  app.admin.call<{ name: string }>('PATCH', path, { name }, tag === undefined ? {} : { 'if-match': tag })

describe.each(kinds)('an update of %s', (_, make) => {
  test('is done when it was made from the current version, which then is another one', async () => {
    const path = await make()
    const { headers } = await app.admin.get(path)
    expect(headers.get('etag')).toBe('"v1"')
    const changed = await patch(path, 'Second', headers.get('etag') ?? '')
    expect(changed.status).toBe(200)
    expect(changed.headers.get('etag')).toBe('"v2"')
    expect((await app.admin.get(path)).headers.get('etag')).toBe('"v2"')
  })

  test('is refused when somebody else was faster, and changes nothing', async () => {
    const path = await make()
    expect((await patch(path, 'Faster', '"v1"')).status).toBe(200)
    const late = await patch(path, 'Late', '"v1"')
    expect(late.status).toBe(412)
    expect(late.body).toMatchObject({ code: 'precondition_failed' })
    expect((await app.admin.get<{ name: string }>(path)).body.name).toBe('Faster')
  })

  test('of which twenty come at once from the same version succeeds once', async () => {
    const path = await make()
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_one, n) => patch(path, `Name ${n}`, '"v1"')),
    )
    const statuses = answers.map((answer) => answer.status).toSorted((a, b) => a - b)
    expect(statuses).toEqual([200, ...Array<number>(19).fill(412)])
    const winner = answers.find((answer) => answer.status === 200)
    expect((await app.admin.get<{ name: string }>(path)).body.name).toBe(winner?.body.name)
  })

  test('without a version, or with *, is done', async () => {
    const path = await make()
    expect((await patch(path, 'One')).status).toBe(200)
    expect((await patch(path, 'Two', '*')).status).toBe(200)
    expect((await patch(path, 'Three', 'W/"v3"')).status).toBe(200)
  })

  test.each(['v1', '"1"', '"v"', '"v1", "v2"', '"v99999999999"', 'garbage'])(
    'with the tag %s is refused',
    async (tag) => {
      const path = await make()
      expect((await patch(path, 'x', tag)).status).toBe(412)
    },
  )
})

test('what an update does not name stays as it was', async () => {
  const path = `/api/admin/tenants/${await app.tenant()}`
  const set = { billingTz: 'Europe/Rome', defaultCurrency: 'USD' }
  await app.admin.call('PATCH', path, set)
  const renamed = await app.admin.call<Tenant>('PATCH', path, { name: 'Renamed' })
  expect(renamed.body).toMatchObject({ ...set, name: 'Renamed' })
  const nothing = await app.admin.call<Tenant>('PATCH', path, {})
  expect(nothing.body).toMatchObject({ ...set, name: 'Renamed' })

  const customer = {
    tenantId: await app.tenant(),
    kind: 'company',
    name: 'Ada',
    company: 'Ada Ltd',
    email: 'a@example.com',
  }
  const { body } = await app.admin.post<Customer>('/api/admin/customers', { ...customer, country: 'IT' })
  const changed = await app.admin.call<Customer>('PATCH', `/api/admin/customers/${body.id}`, {
    name: 'Grace',
  })
  expect(changed.body).toMatchObject({ ...customer, country: 'IT', name: 'Grace' })
})
