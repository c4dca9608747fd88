import { createHash } from 'node:crypto'
import { deflateSync } from 'node:zlib'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Me } from '../../shared/api/auth.ts'
import type { LogoView } from '../../shared/api/tenantLogo.ts'
import type { Tenant } from '../../shared/api/tenants.ts'
import type { Page } from '../../shared/api/common.ts'
import { readImageHeader } from '../../src/lib/imageHeader.ts'
import { PNG } from '../rules/casesTenants.ts'
import { createApi } from '../support/api.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { roleKey } from '../users/people.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp({ worker: false, blueprints: false })
})
afterAll(() => app.close())

const pathOf = (tenantId: string) => `/api/admin/tenants/${tenantId}/logo`
const upload = (tenantId: string, data: Buffer) =>
  app.admin.post<LogoView>(pathOf(tenantId), { data: data.toString('base64') })

it('an owner’s logo is in the pages of the tenant’s users, served to anybody and never run', async () => {
  const tenantId = await app.tenant()
  const owner = await roleKey(app, 'TENANT_OWNER', tenantId)
  const set = await owner.post<LogoView>(pathOf(tenantId), { data: PNG })
  expect(set.body.logo).toMatchObject({ type: 'image/png', width: 1, height: 1 })
  const url = set.body.logo?.url ?? ''
  expect(url).toBe(
    `/api/branding/${tenantId}/logo/${createHash('sha256').update(Buffer.from(PNG, 'base64')).digest('hex')}`,
  )
  const user = await roleKey(app, 'TENANT_USER', tenantId)
  expect((await user.get<Me>('/api/auth/me')).body.tenants[0]?.branding.logo).toBe(url)
  expect((await user.post(pathOf(tenantId), { data: PNG })).status).toBe(403)
  const response = await fetch(app.url + url)
  expect(response.status).toBe(200)
  expect(Buffer.from(await response.arrayBuffer()).toString('base64')).toBe(PNG)
  expect(Object.fromEntries(response.headers)).toMatchObject({
    'content-type': 'image/png',
    'x-content-type-options': 'nosniff',
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'; sandbox",
    'cache-control': 'public, max-age=31536000, immutable',
  })
  const nobody = await createApi(app.url, undefined)
  expect((await nobody.get(url.replace(tenantId, await app.tenant()))).status).toBe(404)
  expect((await owner.call<LogoView>('DELETE', pathOf(tenantId))).body).toEqual({ logo: null })
  expect((await nobody.get(url)).status).toBe(404)
  expect((await user.get<Me>('/api/auth/me')).body.tenants[0]?.branding.logo).toBeNull()
})

it('a new logo has a new address, and the old one is gone', async () => {
  const tenantId = await app.tenant()
  const first = (await upload(tenantId, Buffer.from(PNG, 'base64'))).body.logo?.url ?? ''
  const second = (await upload(tenantId, png(20, 10))).body.logo
  expect(second).toMatchObject({ width: 20, height: 10 })
  expect(second?.url).not.toBe(first)
  expect((await app.admin.get(first)).status).toBe(404)
})

it('the dimensions of each form are read from its header', () => {
  const jpeg = Buffer.from('ffd8ffe000104a46494600010100000100010000ffc0000b080020003001011100ffda', 'hex')
  expect(readImageHeader(jpeg)).toEqual({ type: 'image/jpeg', width: 48, height: 32 })
  const webp = (form: string, rest: Buffer) =>
    Buffer.concat([
      Buffer.from('RIFF\0\0\0\0WEBP', 'latin1'),
      Buffer.from(form, 'latin1'),
      rest,
      Buffer.alloc(20),
    ])
  expect(readImageHeader(webp('VP8X', Buffer.from('0a00000000000000630000c70000', 'hex')))).toEqual({
    type: 'image/webp',
    width: 100,
    height: 200,
  })
  expect(readImageHeader(webp('VP8 ', Buffer.from('000000000000009d012a64003200', 'hex')))).toEqual({
    type: 'image/webp',
    width: 100,
    height: 50,
  })
  expect(readImageHeader(webp('VP8L', Buffer.from('000000002f63400c00', 'hex')))).toEqual({
    type: 'image/webp',
    width: 100,
    height: 50,
  })
})

it('tenants are listed by state, in both orders and page by page', async () => {
  const ids = [await app.tenant(), await app.tenant(), await app.tenant()]
  for (const id of ids) await app.admin.post(`/api/admin/tenants/${id}/suspend`, { reason: 'unpaid' })
  const list = async (query: string) =>
    (await app.admin.get<Page<Tenant>>(`/api/admin/tenants?state=suspended&limit=2${query}`)).body
  const down = await list('')
  expect(down.items.map((one) => one.id)).toEqual([ids[2], ids[1]])
  expect((await list(`&cursor=${down.nextCursor}`)).items.map((one) => one.id)).toEqual([ids[0]])
  const up = await list('&sort=createdAt')
  expect(up.items.map((one) => one.id)).toEqual([ids[0], ids[1]])
  expect((await list(`&sort=createdAt&cursor=${up.nextCursor}`)).items.map((one) => one.id)).toEqual([ids[2]])
  expect((await list(`&q=${down.items[0]?.slug}`)).items.map((one) => one.id)).toEqual([ids[2]])
  expect((await app.admin.get('/api/admin/tenants?state=lost')).status).toBe(422)
})

it('a tenant’s time zone and currency hold for what comes after, and nonsense is refused', async () => {
  const id = await app.tenant()
  const change = (body: object) => app.admin.call<Tenant>('PATCH', `/api/admin/tenants/${id}`, body)
  expect((await change({ billingTz: 'Europe/Rome', defaultCurrency: 'CHF' })).body).toMatchObject({
    billingTz: 'Europe/Rome',
    defaultCurrency: 'CHF',
  })
  const customer = await app.admin.post<{ currency: string }>('/api/admin/customers', {
    tenantId: id,
    name: 'Ada',
    email: 'ada@example.com',
  })
  expect(customer.body.currency).toBe('CHF')
  for (const wrong of [{ billingTz: 'Europe/Atlantis' }, { defaultCurrency: 'euro' }])
    expect((await change(wrong)).status).toBe(422)
})

/** A white PNG of these dimensions; its checksums do not matter for its header. */
export function png(width: number, height: number): Buffer {
  const data = Buffer.from(PNG, 'base64')
  data.writeUInt32BE(width, 16)
  data.writeUInt32BE(height, 20)
  return Buffer.concat([data, deflateSync(Buffer.alloc(8))])
}
