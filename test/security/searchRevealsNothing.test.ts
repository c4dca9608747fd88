import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Customer } from '../../shared/api/customers.ts'
import type { SearchHit } from '../../shared/api/search.ts'
import { PERMISSIONS } from '../../shared/permissions.ts'
import * as users from '../../src/db/users.ts'
import { newId } from '../../src/lib/ids.ts'
import { prepareOrder, type Api, type Ordered } from '../support/api.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { keyOf, person, roleKey } from '../users/people.ts'

let app: TestApp
let own: string
let other: string
/** Everything by which the other tenant's things could be found. */
let terms: string[]
beforeAll(async () => {
  app = await startApp({ worker: false })
  own = await app.tenant()
  other = await app.tenant()
  const customer = await app.admin.post<Customer>('/api/admin/customers', {
    tenantId: other,
    name: 'Canary Whistler',
    company: 'Secretive Feathers',
    email: 'canary@example.org',
  })
  const contact = { name: 'Birdcage', email: 'birdcage@example.org', topics: ['general'] }
  await app.admin.post(`/api/admin/customers/${customer.body.id}/contacts`, contact)
  const order = await prepareOrder(app.admin, other, { hostname: 'canary-host.example.com' })
  const ordered = (await app.admin.post<Ordered>('/api/admin/billing/subscriptions', order)).body
  const pods = await app.admin.get<{ items: { id: string; addresses: string[] }[] }>(
    `/api/admin/hosting/cloudpods?tenantId=${other}`,
  )
  const pod = pods.body.items[0]
  const user = await person(app, 'TENANT_USER', other)
  const address = pod?.addresses[0] ?? ''
  terms = [
    customer.body.id,
    'canary',
    'whistler',
    'Canari Whisler',
    'secretive feathers',
    'canary@example.org',
    'birdcage@example.org',
    'canary-host.example.com',
    pod?.id ?? '',
    address,
    `${address}/8`,
    ordered.invoice.id,
    ordered.subscription.id,
    other,
    user.id,
    user.email,
  ]
})
afterAll(() => app?.close())

const search = (api: Api, q: string, more = '') =>
  api.get<{ items: SearchHit[] }>(`/api/admin/search?limit=20&q=${encodeURIComponent(q)}${more}`)

test('every term finds something for the platform, so that the next tests mean something', async () => {
  for (const q of terms) expect((await search(app.admin, q)).body.items, q).not.toEqual([])
})

test('nothing of another tenant is found by whoever may do everything in theirs, with a role or with a key', async () => {
  const callers = [
    await roleKey(app, 'TENANT_OWNER', own),
    await roleKey(app, 'TENANT_USER', own),
    (await keyOf(app, 'admin@example.com', { tenantId: own, scopes: PERMISSIONS })).api,
  ]
  for (const api of callers)
    for (const q of terms) expect(await search(api, q), q).toMatchObject({ status: 200, body: { items: [] } })
})

test('naming another tenant is answered like naming one that does not exist', async () => {
  const api = await roleKey(app, 'TENANT_OWNER', own)
  for (const tenantId of [other, '018c0a8e-2528-7000-8027-717e391e440b'])
    expect(await search(api, 'canary', `&tenantId=${tenantId}`)).toMatchObject({
      status: 404,
      body: { code: 'not_found' },
    })
  expect((await search(app.admin, 'canary', `&tenantId=${own}`)).body.items).toEqual([])
  expect((await search(app.admin, 'canary', `&tenantId=${other}`)).body.items).not.toEqual([])
})

test('the list of customers counts and shows nothing of another tenant', async () => {
  const api = await roleKey(app, 'TENANT_OWNER', own)
  for (const q of ['canary', 'c', 'secretive', 'canary@example.org'])
    expect((await api.get(`/api/admin/customers?q=${encodeURIComponent(q)}`)).body).toEqual({
      items: [],
      nextCursor: null,
    })
})

test('somebody of two tenants finds of each what they may read there', async () => {
  const { id, email } = await person(app, 'TENANT_OWNER', own)
  await app.as((ctx) =>
    users.grant(ctx.tx, { id: newId(), userId: id, role: 'TENANT_USER', tenantId: other, at: ctx.now() }),
  )
  const { api } = await keyOf(app, email)
  const types = (await search(api, 'canary')).body.items.map(({ type }) => type)
  // A tenant's user reads pods, but neither customers nor subscriptions.
  expect([...new Set(types)].toSorted()).toEqual(['cloudPod'])
})
