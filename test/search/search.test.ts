import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { CloudPod } from '../../shared/api/cloudPods.ts'
import type { Customer } from '../../shared/api/customers.ts'
import type { Problem } from '../../shared/api/common.ts'
import type { SearchHit } from '../../shared/api/search.ts'
import { newId } from '../../src/lib/ids.ts'
import { prepareOrder, type Api, type Ordered } from '../support/api.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { keyOf, person, roleKey } from '../users/people.ts'

let app: TestApp
let tenantId: string
let owner: Api
let muller: Customer
let ordered: Ordered
let pod: { id: string; vmid: number; address: string; tenantId: string }
beforeAll(async () => {
  app = await startApp({ worker: false })
  tenantId = await app.tenant()
  owner = await roleKey(app, 'TENANT_OWNER', tenantId)
  muller = await customer({
    name: 'Jürgen Müller',
    email: 'jm@example.com',
    company: 'Großküchen Øst',
    taxIds: [{ type: 'vat', country: 'DE', value: 'DE136695976' }],
  })
  await app.admin.post(`/api/admin/customers/${muller.id}/contacts`, {
    name: 'Accounts',
    email: 'Accounts@example.net',
    topics: ['billing'],
  })
  const order = await prepareOrder(app.admin, tenantId, { hostname: 'shop1.example.com' })
  ordered = (await app.admin.post<Ordered>('/api/admin/billing/subscriptions', order)).body
  await app.admin.post(`/api/admin/billing/invoices/${ordered.invoice.id}/payments`, {
    amountMinor: ordered.invoice.total.amount,
    currency: 'EUR',
    reference: 'x',
  })
  const pods = await app.admin.get<{ items: CloudPod[] }>(`/api/admin/hosting/cloudpods?tenantId=${tenantId}`)
  const { id = '', addresses = [] } = pods.body.items[0] ?? {}
  const vmid = await app.as(async (ctx) => {
    const { rows } = await sql<{ vmid: number }>`select vmid from cloud_pods where id = ${id}`.execute(ctx.tx)
    return rows[0]?.vmid ?? 0
  })
  pod = { id, vmid, address: addresses[0] ?? '', tenantId }
})
afterAll(() => app?.close())

async function customer(more: object): Promise<Customer> {
  const answer = await app.admin.post<Customer>('/api/admin/customers', {
    tenantId,
    name: 'X',
    email: `${newId()}@example.com`,
    ...more,
  })
  expect(answer.status).toBe(201)
  return answer.body
}

async function find(
  q: string,
  more: { api?: Api; types?: string; limit?: number } = {},
): Promise<SearchHit[]> {
  const query = new URLSearchParams({ q, types: more.types ?? 'customer', limit: String(more.limit ?? 5) })
  const answer = await (more.api ?? app.admin).get<{ items: SearchHit[] } & Problem>(
    `/api/admin/search?${query.toString()}`,
  )
  expect(answer.body).not.toHaveProperty('code')
  return answer.body.items
}

test.each([
  ['a name, in any order of its words', 'müller jürgen', 'word'],
  ['a name without its accents', 'jurgen muller', 'prefix'],
  ['the beginning of a name', 'Jürg', 'prefix'],
  ['a company with letters that two others stand for', 'grosskuchen ost', 'prefix'],
  ['two letters at the beginning of a word', 'mü', 'word'],
  ['letters inside a word', 'ulle', 'inside'],
  ['an e-mail', 'JM@example.com', 'exact'],
  ['the e-mail of a contact', 'accounts@example.NET', 'exact'],
  ['a tax id', 'de136695976', 'exact'],
  ['a letter too many', 'Jürgenn Müller', 'similar'],
  ['a letter too few', 'Jürgen Mülle', 'prefix'],
  ['swapped letters', 'grosskcühen', 'similar'],
  ['another way to write the umlaut', 'Mueller', 'similar'],
])('a customer is found by %s', async (_, q, match) => {
  const hits = await find(q)
  expect(hits[0]).toMatchObject({ type: 'customer', id: muller.id, label: 'Jürgen Müller', match })
  expect(hits[0]?.tenant).toMatchObject({ id: tenantId })
  expect(hits[0]?.detail).toBe('Großküchen Øst · jm@example.com')
})

test('a customer is found by his id, and a searchable field of the tenant’s own', async () => {
  expect(await find(muller.id)).toMatchObject([{ id: muller.id, match: 'exact' }])
  await app.admin.post('/api/admin/customer-fields', {
    tenantId,
    key: 'contract',
    label: 'Contract',
    type: 'text',
    searchable: true,
  })
  const { id } = await customer({ name: 'Fieldy', custom: { contract: 'CT-2041' } })
  expect(await find('ct-2041')).toMatchObject([{ id, match: 'exact' }])
})

test('the very key comes first, then what begins so, then words, then what is inside; the newest of equals first', async () => {
  const inside = await customer({ name: 'Xanadubert' })
  const word = await customer({ name: 'Olivia Nadubert' })
  const first = await customer({ name: 'Nadubert One' })
  const second = await customer({ name: 'Nadubert Two' })
  const key = await customer({ name: 'Key', company: 'nadubert', email: 'nadubert@example.com' })
  const hits = await find('nadubert', { limit: 20 })
  expect(hits.map(({ id }) => id)).toEqual([key, second, first, word, inside].map(({ id }) => id))
  expect((await find('nadubert@example.com'))[0]).toMatchObject({ id: key.id, match: 'exact' })
  expect(await find('nadubert', { limit: 2 })).toHaveLength(2)
})

test('what was changed is found by what it is now, not by what it was', async () => {
  const { id } = await customer({ name: 'Beforename' })
  await app.admin.call('PATCH', `/api/admin/customers/${id}`, { name: 'Afterwords' })
  expect(await find('beforename')).toEqual([])
  expect(await find('afterwrods')).toMatchObject([{ id, match: 'similar' }])
})

test.each([
  '%',
  '_',
  '\\',
  '***',
  'qqqzzzxxx',
  "'; drop table customers; --",
  '%%%',
  'a%',
  '😀',
  '%L',
  '{}',
  '$1',
])('%s is taken literally and finds nothing', async (q) => {
  const types = 'customer,cloudPod,subscription,invoice,job,tenant'
  expect(await find(q, { types })).toEqual([])
})

test('a pod is found by its host name, its VMID, its address and its network, and with it its subscription', async () => {
  const types = 'cloudPod,subscription'
  const network = pod.address.replace(/\.\d+$/, '.')
  for (const [q, match] of [
    ['shop1.example.com', 'exact'],
    ['shop', 'prefix'],
    ['hop1', 'inside'],
    ['shopp1.example.com', 'similar'],
    [String(pod.vmid), 'exact'],
    [pod.address, 'exact'],
    [`${pod.address}/24`, 'prefix'],
    [network, 'prefix'],
    [pod.id, 'exact'],
  ] as const) {
    const hits = await find(q, { types })
    expect(hits.map(({ type, match: how, label }) => ({ q, type, how, label }))).toEqual([
      { q, type: 'cloudPod', how: match, label: 'shop1.example.com' },
      { q, type: 'subscription', how: match, label: 'shop1.example.com' },
    ])
    expect(hits[0]?.detail).toContain(pod.address)
  }
})

test('an IPv6 address finds its pod however it is written, and so does the beginning of it', async () => {
  await app.as((ctx) =>
    sql`with pool as (insert into ip_pools (id, cluster_id, name, network, gateway, range_start, range_end, created_at)
        values (${newId()}, ${app.clusterId}, 'six', '2001:db8:5::/64', '2001:db8:5::1', '2001:db8:5::2', '2001:db8:5::ff', now()) returning id)
      insert into ip_addresses (pool_id, address, tenant_id, state, pod_id, created_at)
      select id, '2001:db8:5::17', ${tenantId}, 'assigned', ${pod.id}, now() from pool`.execute(ctx.tx),
  )
  for (const q of ['2001:db8:5::17', '2001:0DB8:5:0:0:0:0:17', '2001:db8:5::/48', '2001:db8:5:'])
    expect((await find(q, { types: 'cloudPod' })).map(({ id }) => id)).toEqual([pod.id])
  expect(await find('2001:db8:6::/48', { types: 'cloudPod' })).toEqual([])
})

test('an invoice is found by its number, the beginning and the end of it, and opens what it is for', async () => {
  const number = ordered.invoice.number ?? ''
  for (const [q, match] of [
    [number.toLowerCase(), 'exact'],
    [number.slice(0, -1), 'prefix'],
    [number.slice(3), 'inside'],
  ] as const)
    expect(await find(q, { types: 'invoice' })).toMatchObject([
      { label: number, match, shownAt: { type: 'invoice', id: ordered.invoice.id } },
    ])
})

test('a job is found by its id, by what it is about, and by the name of that', async () => {
  const [job] = await find('shop1', { types: 'job' })
  expect(job).toMatchObject({ label: 'cloudPod.create', detail: 'shop1.example.com', match: 'prefix' })
  expect(await find(job?.id ?? '', { types: 'job' })).toMatchObject([{ id: job?.id, match: 'exact' }])
  expect(await find(pod.id, { types: 'job' })).toMatchObject([{ id: job?.id, match: 'exact' }])
})

test('tenants and users are found by name, slug and e-mail, by their beginning and in spite of a typo', async () => {
  await app.admin.call('PATCH', `/api/admin/tenants/${tenantId}`, { name: 'Nordlicht Hosting' })
  expect(await find('nordlihct', { types: 'tenant' })).toMatchObject([{ id: tenantId, match: 'similar' }])
  // The newest of equals first: a new installation has a tenant of that name already.
  expect(await find('hosting', { types: 'tenant' })).toMatchObject([
    { id: tenantId, match: 'word' },
    { label: 'Example Hosting', match: 'word' },
  ])
  const { id, email } = await person(app, 'TENANT_USER', tenantId)
  expect(await find(email, { types: 'user' })).toMatchObject([{ id, match: 'exact', tenant: null }])
  expect(await find(email.slice(0, -12), { types: 'user', api: owner })).toMatchObject([{ id }])
})

test('each type is found only by whoever may read it, and VMIDs only by whoever sees the infrastructure', async () => {
  const all = 'customer,cloudPod,subscription,invoice,job,tenant,user'
  const typesOf = async (api: Api, q: string) => [
    ...new Set((await find(q, { api, types: all })).map((hit) => hit.type)),
  ]
  const { email } = await person(app, 'SUPPORT')
  const reader = async (scopes: Parameters<typeof keyOf>[2]) => (await keyOf(app, email, scopes)).api
  expect((await typesOf(app.admin, 'shop1')).toSorted()).toEqual(['cloudPod', 'job', 'subscription'])
  expect(await typesOf(await reader({ scopes: ['jobs:read'] }), 'shop1')).toEqual(['job'])
  expect(await typesOf(await reader({ scopes: ['cloudpods:read'] }), 'shop1')).toEqual(['cloudPod'])
  // By the names of pods, so both are needed.
  expect(await typesOf(await reader({ scopes: ['subscriptions:read'] }), 'shop1')).toEqual([])
  expect(await typesOf(await reader({ scopes: ['customers:read'] }), 'muller')).toEqual(['customer'])
  expect(await typesOf(await reader({ scopes: ['users:read'] }), 'muller')).toEqual([])
  expect(await typesOf(await reader({ scopes: ['plans:read'] }), 'shop1')).toEqual([])
  expect(await typesOf(await roleKey(app, 'TENANT_USER', tenantId), 'muller')).toEqual([])
  const vmid = String(pod.vmid)
  expect(await typesOf(owner, vmid)).toEqual([])
  expect(await typesOf(await reader({ scopes: ['cloudpods:read'] }), vmid)).toEqual([])
  expect(await typesOf(await reader({ scopes: ['cloudpods:read', 'infrastructure:read'] }), vmid)).toEqual([
    'cloudPod',
  ])
})

test('a word of two letters is looked for among the newest 3,000, with a longer word beside it among all', async () => {
  const { id } = await customer({ name: 'Ul Oldest' })
  const of = (
    name: string,
  ) => sql`insert into customers (id, tenant_id, name, email, currency, created_at, updated_at)
    select uuidv7(), ${tenantId}, ${name}, uuidv7() || '@example.com', 'EUR', now(), now() from generate_series(1, 3100)`
  expect(await find('ul')).toMatchObject([{ id }])
  await app.as((ctx) => of('Newer').execute(ctx.tx))
  expect(await find('ul')).toEqual([])
  const listed = await app.admin.get<{ items: Customer[] }>(
    `/api/admin/customers?tenantId=${tenantId}&q=ul&sort=createdAt`,
  )
  expect(listed.body.items).toMatchObject([{ id }])
  expect(await find('ul oldest')).toMatchObject([{ id, match: 'prefix' }])
  expect(await find('newer', { limit: 20 })).toHaveLength(20)
})

test.each([
  ['an empty text', 'q='],
  ['only spaces', 'q=%20%20'],
  ['a text that is too long', `q=${'x'.repeat(201)}`],
  ['a type that does not exist', 'q=a&types=customer,planet'],
  ['a limit above 20', 'q=a&limit=21'],
])('%s is refused', async (_, query) => {
  const answer = await app.admin.get<Problem>(`/api/admin/search?${query}`)
  expect(answer).toMatchObject({ status: 422, body: { code: 'invalid_input' } })
})
