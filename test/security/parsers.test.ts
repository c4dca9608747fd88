import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { problem } from '../../shared/api/common.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { keyOf } from '../users/people.ts'

let app: TestApp
let tenantId: string
let authorization: string
beforeAll(async () => {
  app = await startApp({ worker: false, blueprints: false })
  tenantId = await app.tenant()
  authorization = `Bearer ${(await keyOf(app, 'admin@example.com')).token}`
})
afterAll(() => app.close())

async function post(body: string, path = '/api/admin/customers'): Promise<{ status: number; code: string }> {
  const headers = { authorization, 'content-type': 'application/json' }
  const answer = await fetch(app.url + path, { method: 'POST', headers, body })
  const text = await answer.text()
  if (answer.status < 400) return { status: answer.status, code: '' }
  return { status: answer.status, code: problem.parse(JSON.parse(text)).code }
}
const customer = (more: string): string =>
  `{"tenantId":"${tenantId}","name":"Ada","email":"ada@example.com"${more}}`
const deep = (open: string, close: string, depth: number): string =>
  `${open.repeat(depth)}1${close.repeat(depth)}`

describe('what is meant to break a parser is the caller’s fault and named so:', () => {
  test.each([
    ['lists 10,000 deep', customer(`,"tags":${deep('[', ']', 10_000)}`)],
    ['objects 10,000 deep', customer(`,"custom":${deep('{"a":', '}', 10_000)}`)],
    ['a body that is nothing but brackets', deep('[', ']', 100_000)],
    ['a name of 900,000 characters', customer(`,"company":"${'x'.repeat(900_000)}"`)],
    ['a number beyond every number', customer(',"custom":1e308')],
    ['a number that is no number', customer(',"custom":NaN')],
    ['half a surrogate pair', customer(',"company":"\\ud800"')],
    ['a NUL', customer(',"company":"a\\u0000b"')],
    ['half a document', customer('').slice(0, -1)],
    ['two documents', customer('') + customer('')],
    ['a comment', `/* */${customer('')}`],
    ['a byte order mark and nothing', '\ufeff'],
    ['100,000 fields', `{${Array.from({ length: 100_000 }, (_, n) => `"f${n}":1`).join(',')}}`],
  ])('%s', async (_, body) => {
    const { status } = await post(body)
    expect(status).toBeGreaterThanOrEqual(400)
    expect(status).toBeLessThan(500)
  })

  test('a body of more than a megabyte is refused by its size', async () => {
    expect(await post(customer(`,"company":"${'x'.repeat(1_100_000)}"`))).toMatchObject({ status: 413 })
  })

  test('the server answers as before', async () => {
    expect(await post(customer(''))).toEqual({ status: 201, code: '' })
    expect(app.logs.filter((line) => line.includes('"level":"error"'))).toEqual([])
  })
})

describe('no object of the server gets a property from a request:', () => {
  test.each([
    ['in a body', customer(',"__proto__":{"polluted":true}')],
    ['in a body, by way of the constructor', customer(',"constructor":{"prototype":{"polluted":true}}')],
    ['inside of a field', customer(',"custom":{"__proto__":{"polluted":true}}')],
    ['inside of a list', customer(',"addresses":[{"__proto__":{"polluted":true}}]')],
    ['as the body', '{"__proto__":{"tenantId":"x"},"constructor":{"prototype":{"polluted":true}}}'],
  ])('%s', async (_, body) => {
    const { status } = await post(body)
    expect(status).toBeGreaterThanOrEqual(400)
    expect(status).toBeLessThan(500)
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })

  test.each(['?__proto__[polluted]=1', '?__proto__.polluted=1', '?constructor[prototype][polluted]=1'])(
    'in a query: %s',
    async (query) => {
      const answer = await fetch(`${app.url}/api/admin/customers${query}`, { headers: { authorization } })
      expect(answer.status).toBe(422)
      expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
    },
  )

  test('a field that says everything twice counts once', async () => {
    const { status } = await post(customer(',"name":"Grace"'))
    expect(status).toBe(201)
  })
})
