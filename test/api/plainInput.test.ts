import { afterAll, beforeAll, expect, test } from 'vitest'
import { startApp, type TestApp } from '../support/app.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp({ worker: false })
})
afterAll(() => app.close())

test('a refused field says in plain words what it takes', async () => {
  const { status, body } = await app.admin.post<{ errors: { path: string; message: string }[] }>(
    '/api/admin/customers',
    { tenantId: await app.tenant(), name: '', email: 'nobody', company: 'x'.repeat(201) },
  )
  expect(status).toBe(422)
  expect(Object.fromEntries(body.errors.map(({ path, message }) => [path, message]))).toEqual({
    name: 'is needed',
    email: 'an e-mail address such as ada@example.com',
    company: 'at most 200 characters',
  })
  const missing = await app.admin.post<{ detail: string }>('/api/admin/customers', {})
  expect(missing.body.detail).toBe('tenantId: is needed')
})
