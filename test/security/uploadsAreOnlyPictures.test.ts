import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { PNG } from '../rules/casesTenants.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { rowsOf } from '../support/harnessWorld.ts'

let app: TestApp
let tenantId: string
beforeAll(async () => {
  app = await startApp({ worker: false, blueprints: false })
  tenantId = await app.tenant()
})
afterAll(() => app.close())

const upload = (data: string) => app.admin.post(`/api/admin/tenants/${tenantId}/logo`, { data })
const pixel = Buffer.from(PNG, 'base64')
function sized(width: number, height: number): Buffer {
  const data = Buffer.from(pixel)
  data.writeUInt32BE(width, 16)
  data.writeUInt32BE(height, 20)
  return data
}

test.each<[string, Buffer]>([
  [
    'an SVG that holds a script',
    Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'),
  ],
  ['a page', Buffer.from('<!doctype html><script>alert(1)</script>')],
  ['a page with the marks of a PNG behind it', Buffer.concat([Buffer.from('<html>'), pixel])],
  ['the magic bytes alone', pixel.subarray(0, 8)],
  ['a GIF', Buffer.from('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7', 'base64')],
  ['a PDF', Buffer.from('%PDF-1.7')],
  ['a JPEG without dimensions', Buffer.from('ffd8ffe000104a46494600010100000100010000ffd9', 'hex')],
  ['a JPEG whose segments lead nowhere', Buffer.from(`ffd8ffe0${'0000'.repeat(20)}`, 'hex')],
  ['a PNG of 30,000 by 30,000 pixels', sized(30_000, 30_000)],
  ['a PNG of four thousand million pixels in a line', sized(0xffffffff, 1)],
  ['a PNG without a line', sized(1, 0)],
  ['more than 200 kB', Buffer.concat([pixel, Buffer.alloc(200_000)])],
])('%s is refused', async (_, data) => {
  const answer = await upload(data.toString('base64'))
  expect(answer).toMatchObject({ status: 422, body: { code: 'invalid_input' } })
  expect(await rowsOf(app, sql`select from tenant_logos`)).toEqual([])
})

test('what is no Base64 is refused', async () => {
  for (const wrong of ['%%%', 'data:image/png;base64,AAAA', '../../etc/passwd', ''])
    expect((await upload(wrong)).status).toBe(422)
})

test('a picture with a page behind its pixels is served as the picture that it is, in a sandbox', async () => {
  const polyglot = Buffer.concat([pixel, Buffer.from('<script>alert(1)</script>')])
  const { body } = await app.admin.post<{ logo: { url: string } }>(`/api/admin/tenants/${tenantId}/logo`, {
    data: polyglot.toString('base64'),
  })
  const { headers } = await fetch(app.url + body.logo.url)
  expect(headers.get('content-type')).toBe('image/png')
  expect(headers.get('x-content-type-options')).toBe('nosniff')
  expect(headers.get('content-security-policy')).toBe("default-src 'none'; frame-ancestors 'none'; sandbox")
})

test('no address of a logo leads to a file', async () => {
  const hash = 'a'.repeat(64)
  for (const path of [
    `/api/branding/${tenantId}/logo/..%2f..%2f..%2fetc%2fpasswd`,
    `/api/branding/..%2f..%2fetc/logo/${hash}`,
    `/api/branding/${tenantId}/logo/${hash}%00.png`,
    `/api/branding/${tenantId}/logo/..%5c${hash}`,
    `/api/admin/tenants/exports/..%2f..%2fetc%2fpasswd/file`,
  ]) {
    const { status } = await app.admin.get(path)
    expect([404, 422], path).toContain(status)
  }
})
