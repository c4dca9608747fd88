import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Domain } from '../../shared/api/domains.ts'
import { newId } from '../../src/lib/ids.ts'
import * as domainService from '../../src/services/domainService.ts'
import { finished, startApp, type TestApp } from '../support/app.ts'
import { startDns, type DnsServer } from '../support/dns.ts'

const PATH = '/api/admin/domains'
let app: TestApp
let dns: DnsServer
let tenantId: string
beforeAll(async () => {
  dns = await startDns()
  app = await startApp({ env: { MPANEL_DNS_SERVERS: dns.address } })
  tenantId = await app.tenant()
})
afterAll(async () => {
  await app.close()
  await dns.close()
})

const aName = (): string => `d${newId().slice(-12)}.example.com`
const add = (name: string, tenant = tenantId) => app.admin.post<Domain>(PATH, { tenantId: tenant, name })
const look = async ({ id }: Domain): Promise<Domain> => {
  const { body } = await app.admin.post<{ job: { id: string } }>(`${PATH}/${id}/verify`, {})
  await finished(app.admin, body.job.id)
  return (await app.admin.get<Domain>(`${PATH}/${id}`)).body
}
const prove = ({ proof }: Domain): void => void dns.txt.set(proof?.name ?? '', [proof?.value ?? ''])

describe('a name is', () => {
  test.each([
    ['Example.COM.', 'example.com', 'example.com'],
    ['www.bücher.example', 'www.xn--bcher-kva.example', 'xn--bcher-kva.example'],
    ['a.b.example.co.uk', 'a.b.example.co.uk', 'example.co.uk'],
    ['shop.pages.dev', 'shop.pages.dev', 'shop.pages.dev'],
  ])('%s kept as %s, of what is registered as %s', async (typed, name, registrableName) => {
    expect((await add(typed, await app.tenant())).body).toMatchObject({ name, registrableName })
  })

  test.each([
    ['localhost', 'Write localhost in full'],
    ['co.uk', 'add one below it'],
    ['192.0.2.1', 'is an address'],
    ['my_host.example.com', 'letters, digits and hyphens'],
    ['https://example.com/', 'cannot be a part of a name'],
    ['example.cmo', 'no top-level domain .cmo'],
    ['a..example.com', 'two dots'],
  ])('refused when it is %s: %s', async (typed, reason) => {
    const { status, body } = await app.admin.post<{ errors: { path: string; message: string }[] }>(PATH, {
      tenantId,
      name: typed,
    })
    expect([status, body.errors]).toEqual([422, [{ path: 'name', message: expect.stringContaining(reason) }]])
  })
})

test('a domain is its tenant’s once DNS has the record that only its owner can set', async () => {
  const made = (await add(aName())).body
  expect((await look(made)).checkFault).toBe(`DNS has no TXT record at _mpanel.${made.name}.`)
  dns.txt.set(made.proof?.name ?? '', ['mpanel-domain-proof=of somebody else'])
  expect(await look(made)).toMatchObject({
    verifiedAt: null,
    checkFault: expect.stringContaining('has the content that is asked for'),
  })
  prove(made)
  expect(await look(made)).toMatchObject({ verifiedAt: expect.any(String), proof: null, checkFault: null })
  expect((await app.admin.post(`${PATH}/${made.id}/verify`, {})).status).toBe(409)
  const { items } = (
    await app.admin.get<{ items: { action: string }[] }>(`/api/admin/audit/events?targetId=${made.id}`)
  ).body
  expect(items.map(({ action }) => action)).toEqual(
    expect.arrayContaining(['DOMAIN_ADDED', 'DOMAIN_VERIFIED']),
  )
})

test('a proof that came later is found without anybody asking', async () => {
  const made = (await add(aName())).body
  prove(made)
  app.clock.offsetMs = 3 * 60_000
  await domainService.checkDue(app.root)
  await expect
    .poll(async () => (await app.admin.get<Domain>(`${PATH}/${made.id}`)).body.verifiedAt)
    .not.toBeNull()
  app.clock.offsetMs = 0
})

test('many tenants may claim a name, and one has it: whoever proves it first, until he removes it', async () => {
  const [name, other] = [aName(), await app.tenant()]
  const [first, second] = [(await add(name)).body, (await add(name, other)).body]
  expect((await add(name)).body).toMatchObject({ code: 'already_exists' })
  const trusted = await app.admin.post<Domain>(`${PATH}/${first.id}/trust`, { reason: 'Known from before' })
  expect(trusted.body.verifiedAt).not.toBeNull()
  prove(second)
  expect((await look(second)).checkFault).toContain('Another tenant has proven this domain')
  const reason = { reason: 'Says so' }
  expect((await app.admin.post(`${PATH}/${second.id}/trust`, reason)).body).toMatchObject({
    code: 'already_exists',
  })
  expect((await app.admin.call('DELETE', `${PATH}/${first.id}`)).status).toBe(204)
  expect((await look(second)).verifiedAt).not.toBeNull()
})

test('a removed domain is kept for its history, changes no more, and can be added anew', async () => {
  const made = (await add(aName())).body
  await app.admin.call('DELETE', `${PATH}/${made.id}`)
  for (const call of [
    app.admin.call('DELETE', `${PATH}/${made.id}`),
    app.admin.call('PATCH', `${PATH}/${made.id}`, { customerId: null }),
    app.admin.post(`${PATH}/${made.id}/verify`, {}),
  ])
    expect((await call).body).toMatchObject({ code: 'invalid_state' })
  const again = (await add(made.name)).body
  expect(again.proof?.value).not.toBe(made.proof?.value)
  const { items } = (await app.admin.get<{ items: Domain[] }>(`${PATH}?q=${made.name}`)).body
  expect(items.map(({ id }) => id)).toEqual([again.id])
})

test('a domain is given to a customer of its own tenant only', async () => {
  const made = (await add(aName())).body
  const customerIn = async (tenant: string) =>
    (
      await app.admin.post<{ id: string }>('/api/admin/customers', {
        tenantId: tenant,
        name: 'Ada',
        email: 'ada@example.com',
      })
    ).body.id
  const [own, foreign] = [await customerIn(tenantId), await customerIn(await app.tenant())]
  const give = (customerId: string) => app.admin.call<Domain>('PATCH', `${PATH}/${made.id}`, { customerId })
  expect((await give(foreign)).status).toBe(404)
  expect((await give(own)).body).toMatchObject({ customerId: own, customerName: 'Ada' })
  const { items } = (await app.admin.get<{ items: Domain[] }>(`${PATH}?customerId=${own}&verified=false`))
    .body
  expect(items.map(({ id }) => id)).toEqual([made.id])
})
