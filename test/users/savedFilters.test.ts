import { afterAll, beforeAll, expect, it } from 'vitest'
import type { SavedFilter } from '../../shared/api/authFilters.ts'
import { newId } from '../../src/lib/ids.ts'
import type { Api } from '../support/api.ts'
import { startApp, type TestApp } from '../support/app.ts'

const PATH = '/api/auth/filters'
const OVERDUE = { list: 'subscriptions', name: 'Overdue', search: { state: 'overdue' } }

let app: TestApp
let ada: Api
let ben: Api
beforeAll(async () => {
  app = await startApp({ worker: false, blueprints: false })
  ada = await app.login('SUPPORT')
  ben = await app.login('SUPPORT')
})
afterAll(() => app.close())

const of = async (who: Api) => (await who.get<{ items: SavedFilter[] }>(PATH)).body.items

it('a filter is saved under a name, takes a new one under the same name, and is nobody else’s', async () => {
  const saved = await ada.post<SavedFilter>(PATH, OVERDUE)
  expect(saved).toMatchObject({ status: 201, body: OVERDUE })
  const search = { state: 'overdue', q: 'shop' }
  const again = await ada.post<SavedFilter>(PATH, { ...OVERDUE, search })
  expect(again.body).toEqual({ ...saved.body, search })
  expect(await of(ada)).toEqual([again.body])
  expect(await of(ben)).toEqual([])
  const foreign = await ben.call('DELETE', `${PATH}/${saved.body.id}`)
  const unknown = await ben.call('DELETE', `${PATH}/${newId()}`)
  expect([foreign.status, unknown.status]).toEqual([404, 404])
  expect(await of(ada)).toHaveLength(1)
  expect((await ada.call('DELETE', `${PATH}/${saved.body.id}`)).status).toBe(204)
  expect(await of(ada)).toEqual([])
})

it('what is no filter of a list is refused with the reason', async () => {
  const wrong = [
    [{ ...OVERDUE, list: 'secrets' }, 'list'],
    [{ ...OVERDUE, name: ' ' }, 'name'],
    [{ ...OVERDUE, search: {} }, 'search'],
    [{ ...OVERDUE, search: { 'a b': 'c' } }, 'search'],
    [{ ...OVERDUE, search: { q: 'x'.repeat(501) } }, 'search'],
    [{ ...OVERDUE, search: Object.fromEntries(many(21).map((n) => [`q${letters(n)}`, 'x'])) }, 'search'],
  ] as const
  for (const [body, path] of wrong) {
    const answer = await ada.post<{ errors: { path: string }[] }>(PATH, body)
    expect([answer.status, answer.body.errors[0]?.path.split('.')[0]]).toEqual([422, path])
  }
})

const many = (count: number): number[] => Array.from({ length: count }, (_, n) => n)
const letters = (n: number): string => String.fromCharCode(97 + n)

it('the 201st is refused, and one of the 200 can still be changed', async () => {
  for (const n of many(200)) await ben.post(PATH, { ...OVERDUE, name: `Filter ${n}` })
  expect(await ben.post(PATH, OVERDUE)).toMatchObject({ status: 409, body: { code: 'invalid_state' } })
  const search = { state: 'active' }
  expect((await ben.post(PATH, { ...OVERDUE, name: 'Filter 7', search })).status).toBe(201)
  expect(await of(ben)).toHaveLength(200)
})
