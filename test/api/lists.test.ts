import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Customer } from '../../shared/api/customers.ts'
import { newId } from '../../src/lib/ids.ts'
import { routes } from '../../src/routes/index.ts'
import { startApp, type TestApp } from '../support/app.ts'

type Page = { items: Customer[]; nextCursor: string | null }
let app: TestApp
beforeAll(async () => {
  app = await startApp({ worker: false, blueprints: false })
})
afterAll(() => app.close())

const add = async (tenantId: string, name: string): Promise<string> =>
  (await app.admin.post<Customer>('/api/admin/customers', { tenantId, name, email: 'x@example.com' })).body.id
const page = async (query: string): Promise<Page> => {
  const answer = await app.admin.get<Page>(`/api/admin/customers?${query}`)
  expect(answer.status).toBe(200)
  return answer.body
}

/** All pages, with something done between them. */
async function walk(query: string, limit: number, between: () => Promise<unknown>): Promise<string[]> {
  const ids: string[] = []
  let cursor: string | null = null
  do {
    const seen: Page = await page(`${query}&limit=${limit}${cursor === null ? '' : `&cursor=${cursor}`}`)
    expect(seen.items.length).toBeLessThanOrEqual(limit)
    ids.push(...seen.items.map((item) => item.id))
    cursor = seen.nextCursor
    await between()
  } while (cursor !== null)
  return ids
}

describe.each(['createdAt', '-createdAt'])('sorted by %s', (sort) => {
  test('the pages show every customer exactly once, while others are being added', async () => {
    const tenantId = await app.tenant()
    const made: string[] = []
    for (let n = 0; n < 45; n++) made.push(await add(tenantId, `Customer ${n}`))
    let later = 0
    const seen = await walk(`tenantId=${tenantId}&sort=${sort}`, 7, async () => {
      if (later++ < 12) await Promise.all([add(tenantId, 'later'), add(tenantId, 'later')])
    })
    expect(new Set(seen).size).toBe(seen.length)
    expect(seen.filter((id) => made.includes(id))).toEqual(sort === 'createdAt' ? made : made.toReversed())
  })
})

test('the last page says that it is the last, also when it is full or the list is empty', async () => {
  const tenantId = await app.tenant()
  expect(await page(`tenantId=${tenantId}`)).toEqual({ items: [], nextCursor: null })
  for (let n = 0; n < 4; n++) await add(tenantId, 'x')
  const first = await page(`tenantId=${tenantId}&limit=2`)
  expect(first.nextCursor).toBe(first.items[1]?.id)
  const second = await page(`tenantId=${tenantId}&limit=2&cursor=${first.nextCursor}`)
  expect([second.items.length, second.nextCursor]).toEqual([2, null])
})

test('a search takes % and _ and backslashes literally, ignores case, and finds nothing by signs alone', async () => {
  const tenantId = await app.tenant()
  for (const name of ['100% Ada', '100 Ada', 'a_b', 'aXb', 'back\\slash', 'O’Hara "Q" <x>', 'ÄÖÜ'])
    await add(tenantId, name)
  const names = async (q: string): Promise<string[]> =>
    (await page(`tenantId=${tenantId}&q=${encodeURIComponent(q)}`)).items.map((item) => item.name).toSorted()
  expect(await names('100%')).toEqual(['100% Ada'])
  expect(await names('a_b')).toEqual(['a_b'])
  expect(await names('back\\slash')).toEqual(['back\\slash'])
  for (const sign of ['%', '_', '\\']) expect(await names(sign)).toEqual([])
  expect(await names('ada')).toEqual(['100 Ada', '100% Ada'])
  expect(await names(`' or 1=1 --`)).toEqual([])
  expect(await names('"Q" <x>')).toEqual(['O’Hara "Q" <x>'])
})

const lists = routes.filter((route) => route.operationId.startsWith('list'))
const bad = [
  'limit=0',
  'limit=201',
  'limit=-1',
  'limit=1.5',
  'limit=abc',
  'limit=',
  'limit=1e9',
  'limit=5&limit=6',
  'cursor=abc',
  'cursor=',
  `cursor=${newId()}x`,
  `cursor='%3Bdrop%20table%20customers`,
  'sort=name',
  'sort=createdAt%20desc',
  'unknown=1',
]
const EVENTS = '/api/admin/audit/events'

describe.each(lists.map((route) => route.path))('GET %s', (listed) => {
  // Of a list that belongs to a thing: that of the caller himself.
  let path: string
  beforeAll(async () => {
    const { body } = await app.admin.get<{ user: { id: string } }>('/api/auth/me')
    path = listed.replace('{id}', body.user.id)
  })
  test.each(bad)('refuses ?%s and says which parameter', async (query) => {
    const answer = await app.admin.get<{ errors: { path: string }[] }>(`${path}?${query}`)
    expect(answer.status).toBe(422)
    expect(answer.body).toMatchObject({ code: 'invalid_input' })
    const name = query.split('=')[0]
    expect(JSON.stringify(answer.body.errors)).toContain(name)
  })

  test('takes the greatest and the smallest limit, both orders, and a cursor that points nowhere', async () => {
    const nowhere = listed === EVENTS ? `${Date.now()}000.${newId()}` : newId()
    for (const query of ['limit=1', 'limit=200', 'sort=createdAt', 'sort=-createdAt', `cursor=${nowhere}`]) {
      const answer = await app.admin.get<{ items: unknown[] }>(`${path}?${query}`)
      expect(answer.status, query).toBe(200)
      expect(Array.isArray(answer.body.items), query).toBe(true)
    }
  })
})
