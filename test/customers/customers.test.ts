import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Page, Problem } from '../../shared/api/common.ts'
import type { Customer } from '../../shared/api/customers.ts'
import type { CustomerField, CustomerGroup } from '../../shared/api/customerSettings.ts'
import { startApp, type TestApp } from '../support/app.ts'

const CUSTOMERS = '/api/admin/customers'
const GROUPS = '/api/admin/customer-groups'
const FIELDS = '/api/admin/customer-fields'

let app: TestApp
let tenantId: string
beforeAll(async () => {
  app = await startApp({ worker: false })
  tenantId = await app.tenant()
})
afterAll(() => app?.close())

const add = (more: object = {}) =>
  app.admin.post<Customer & Problem>(CUSTOMERS, { tenantId, name: 'Ada', email: 'ada@example.com', ...more })
const change = (id: string, body: object) =>
  app.admin.call<Customer & Problem>('PATCH', `${CUSTOMERS}/${id}`, body)

const address = { kind: 'billing', line1: 'Via Roma 1', city: 'Bolzano', country: 'IT' }

test('a customer keeps addresses, tax ids, language, group and tags as they were given', async () => {
  const group = await app.admin.post<CustomerGroup>(GROUPS, { tenantId, name: 'Partners' })
  const made = await add({
    kind: 'company',
    company: 'Analytical Engines',
    addresses: [address],
    taxIds: [{ type: 'vat', country: 'DE', value: '136 695 976' }],
    language: 'DE-at',
    groupId: group.body.id,
    tags: ['VIP', 'vip', 'north'],
  })
  expect(made).toMatchObject({
    status: 201,
    body: {
      addresses: [{ ...address, line2: '', region: '', postalCode: '' }],
      taxIds: [{ type: 'vat', country: 'DE', value: 'DE136695976' }],
      language: 'de-AT',
      group: { id: group.body.id, name: 'Partners' },
      tags: ['vip', 'north'],
    },
  })
  const renamed = await change(made.body.id, { name: 'Grace' })
  expect(renamed.body).toEqual({
    ...made.body,
    name: 'Grace',
    version: 2,
    updatedAt: renamed.body.updatedAt,
  })
})

test.each([
  ['a country that does not exist', { addresses: [{ ...address, country: 'XX' }] }],
  ['a second billing address', { addresses: [address, address] }],
  [
    'a VAT number whose check digit is wrong',
    { taxIds: [{ type: 'vat', country: 'DE', value: 'DE136695975' }] },
  ],
  [
    'the same tax id twice',
    {
      taxIds: [
        { type: 'other', country: 'US', value: '12-3456789' },
        { type: 'other', country: 'US', value: '12-3456789' },
      ],
    },
  ],
  ['a language that is none', { language: 'no language' }],
  ['a field nobody has defined', { custom: { unheardOf: 1 } }],
])('%s is refused as invalid input', async (_, more) => {
  const answer = await add(more)
  expect(answer).toMatchObject({ status: 422, body: { code: 'invalid_input' } })
})

test('a group of another tenant is unknown, and nothing is made', async () => {
  const foreign = await app.admin.post<CustomerGroup>(GROUPS, {
    tenantId: await app.tenant(),
    name: 'Foreign',
  })
  expect((await add({ groupId: foreign.body.id })).status).toBe(404)
})

test('values of the tenant’s own fields fit their definitions, stay when not named, and go with null', async () => {
  const own = await app.tenant()
  const field = (body: object) => app.admin.post<CustomerField>(FIELDS, { tenantId: own, ...body })
  await field({ key: 'level', label: 'Level', type: 'choice', choices: ['gold', 'iron'], required: true })
  await field({ key: 'since', label: 'Since', type: 'date' })
  const mine = (custom: object) => add({ tenantId: own, custom })
  expect((await mine({})).body.errors).toEqual([{ path: 'custom.level', message: 'Level is needed' }])
  expect((await mine({ level: 'tin' })).status).toBe(422)
  expect((await mine({ level: 'gold', since: '2026-02-30' })).status).toBe(422)
  const made = await mine({ level: 'gold', since: '2026-02-28' })
  expect(made.body.custom).toEqual({ level: 'gold', since: '2026-02-28' })
  expect((await change(made.body.id, { custom: { level: 'iron' } })).body.custom).toEqual({
    level: 'iron',
    since: '2026-02-28',
  })
  expect((await change(made.body.id, { custom: { since: null } })).body.custom).toEqual({ level: 'iron' })
  expect((await change(made.body.id, { custom: { level: null } })).status).toBe(422)
})

test('a group and a field that are used cannot be removed; unused ones can', async () => {
  const group = await app.admin.post<CustomerGroup>(GROUPS, { tenantId, name: 'Used' })
  const field = await app.admin.post<CustomerField>(FIELDS, {
    tenantId,
    key: 'used',
    label: 'U',
    type: 'text',
  })
  const made = await add({ groupId: group.body.id, custom: { used: 'yes' } })
  const remove = (path: string) => app.admin.call<Problem>('DELETE', path)
  for (const path of [`${GROUPS}/${group.body.id}`, `${FIELDS}/${field.body.id}`]) {
    expect(await remove(path), path).toMatchObject({ status: 409, body: { code: 'invalid_state' } })
  }
  await change(made.body.id, { groupId: null, custom: { used: null } })
  for (const path of [`${GROUPS}/${group.body.id}`, `${FIELDS}/${field.body.id}`]) {
    expect((await remove(path)).status, path).toBe(204)
  }
})

test('a choice that customers may have cannot be taken from its field', async () => {
  const body = { tenantId, key: 'colour', label: 'Colour', type: 'choice', choices: ['red', 'blue'] }
  const field = await app.admin.post<CustomerField>(FIELDS, body)
  const set = (choices: string[]) =>
    app.admin.call<CustomerField>('PATCH', `${FIELDS}/${field.body.id}`, { choices })
  expect((await set(['red'])).status).toBe(422)
  expect((await set(['red', 'blue', 'green'])).body.choices).toEqual(['red', 'blue', 'green'])
})

test('a list is filtered by group, tag, state and text in pages that neither repeat nor lose anybody', async () => {
  const own = await app.tenant()
  const group = await app.admin.post<CustomerGroup>(GROUPS, { tenantId: own, name: 'G' })
  await app.admin.post(FIELDS, {
    tenantId: own,
    key: 'badge',
    label: 'Badge',
    type: 'text',
    searchable: true,
  })
  const wanted: string[] = []
  for (const at of [1, 2, 3, 4, 5]) {
    const made = await add({
      tenantId: own,
      name: `Number ${at} 100%`,
      groupId: at === 1 ? null : group.body.id,
      tags: at === 2 ? [] : ['blue'],
      custom: { badge: `Badge-${at}x` },
    })
    wanted.push(made.body.id)
  }
  const pages = async (query: string): Promise<string[]> => {
    const ids: string[] = []
    let cursor: string | null = ''
    while (cursor !== null) {
      const path: string = `${CUSTOMERS}?tenantId=${own}&limit=2${query}${cursor && `&cursor=${cursor}`}`
      const answer = await app.admin.get<Page<Customer>>(path)
      ids.push(...answer.body.items.map((item) => item.id))
      cursor = answer.body.nextCursor
    }
    return ids
  }
  const newest = wanted.toReversed()
  expect(await pages('')).toEqual(newest)
  expect(await pages('&q=100%25')).toEqual(newest)
  expect(await pages('&q=NUMBER&sort=createdAt')).toEqual(wanted)
  expect(await pages(`&groupId=${group.body.id}`)).toEqual(newest.slice(0, 4))
  expect(await pages(`&groupId=${group.body.id}&tag=Blue&q=number`)).toEqual(newest.slice(0, 3))
  expect(await pages('&q=badge-3X')).toEqual([wanted[2]])
  expect(await pages('&state=closed')).toEqual([])
})

test('the text of another tenant’s customer is never found, whoever asks', async () => {
  const [mine, other] = [await app.tenant(), await app.tenant()]
  await add({ tenantId: other, name: 'Zyxwvut Secret' })
  const owner = await app.login('TENANT_OWNER', mine)
  const answer = await owner.get<Page<Customer>>(`${CUSTOMERS}?q=zyxwvut`)
  expect(answer.body.items).toEqual([])
  expect((await app.admin.get<Page<Customer>>(`${CUSTOMERS}?q=zyxwvut`)).body.items).toHaveLength(1)
  expect((await app.admin.get<Page<Customer>>(`${CUSTOMERS}?q=zyxwvut&tenantId=${mine}`)).body.items).toEqual(
    [],
  )
})
