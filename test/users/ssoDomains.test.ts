import { afterAll, beforeAll, expect, test } from 'vitest'
import type { SsoProvider } from '../../shared/api/authSso.ts'
import { newId } from '../../src/lib/ids.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { startDns, type DnsServer } from '../support/dns.ts'
import { CLIENT, hostileProvider, type HostileProvider } from './oidcServers.ts'
import { begin, NETWORKS } from './sso.ts'

let app: TestApp
let dns: DnsServer
let idp: HostileProvider
beforeAll(async () => {
  dns = await startDns()
  idp = await hostileProvider()
  app = await startApp({ worker: false, env: { ...NETWORKS, MPANEL_DNS_SERVERS: dns.address } })
})
afterAll(async () => {
  await app.close()
  await idp.close()
  await dns.close()
})

const PATH = '/api/admin/sso-providers'
const claim = async (domain: string, tenantId: string | null) => {
  const client = { clientId: CLIENT.id, clientSecret: CLIENT.secret }
  const body = { tenantId, name: 'Sign-on', issuer: idp.issuer, ...client, domains: [domain] }
  return app.admin.post<SsoProvider & { code: string }>(PATH, body)
}
const check = async ({ id }: SsoProvider) =>
  (await app.admin.post<SsoProvider>(`${PATH}/${id}/check`, {})).body
const leads = (domain: string): Promise<string> =>
  begin(app, { email: `any@${domain}` }).then(
    ({ url }) => url.origin,
    (error: { code?: string }) => error.code ?? 'nowhere',
  )
const aDomain = () => `d${newId().slice(-12)}.example.com`

test('the domain of a tenant’s provider leads there only after DNS has shown that the tenant has it', async () => {
  const domain = aDomain()
  const { body: made } = await claim(domain, await app.tenant())
  expect(await leads(domain)).not.toBe(new URL(idp.issuer).origin)
  const [proof] = (await check(made)).domainProofs
  expect(proof).toMatchObject({
    domain,
    provenAt: null,
    fault: `DNS has no TXT record at _mpanel.${domain}.`,
  })
  dns.txt.set(proof?.name ?? '', ['v=spf1 -all', 'mpanel-domain-proof=of somebody else'])
  expect((await check(made)).domainProofs[0]?.fault).toContain('has the content that is asked for')
  expect(await leads(domain)).not.toBe(new URL(idp.issuer).origin)
  dns.txt.set(proof?.name ?? '', ['v=spf1 -all', proof?.value ?? ''])
  expect((await check(made)).domainProofs[0]).toMatchObject({ provenAt: expect.any(String), fault: null })
  expect(await leads(domain)).toBe(new URL(idp.issuer).origin)

  // What was proven stays when other things change, and goes when the domain does.
  const change = (domains: string[]) =>
    app.admin.call<SsoProvider>('PATCH', `${PATH}/${made.id}`, { domains })
  const other = aDomain()
  expect((await change([domain, other])).body.domainProofs).toMatchObject(
    [domain, other]
      .toSorted()
      .map((one) => ({ domain: one, provenAt: one === domain ? expect.any(String) : null })),
  )
  await change([other])
  expect((await change([domain])).body.domainProofs).toMatchObject([{ domain, provenAt: null }])
})

test('two may claim a domain, one can prove it, and the platform needs no proof of its own', async () => {
  const domain = aDomain()
  const [first, second] = [
    (await claim(domain, await app.tenant())).body,
    (await claim(domain, await app.tenant())).body,
  ]
  const values = [first, second].map(({ domainProofs: [proof] }) => proof?.value ?? '')
  expect(values[0]).not.toBe(values[1])
  dns.txt.set(`_mpanel.${domain}`, values)
  expect((await check(second)).domainProofs[0]?.provenAt).not.toBeNull()
  expect((await check(first)).domainProofs[0]).toMatchObject({
    provenAt: null,
    fault: 'The domain leads to another identity provider already.',
  })
  expect(await claim(domain, null)).toMatchObject({ status: 409, body: { code: 'already_exists' } })
  const own = aDomain()
  expect((await claim(own, null)).body.domainProofs[0]?.provenAt).not.toBeNull()
  expect(await leads(own)).toBe(new URL(idp.issuer).origin)
})

test('a DNS that does not answer proves nothing, and is told', async () => {
  const { body: made } = await claim(aDomain(), await app.tenant())
  dns.silent = true
  const [proof] = (await check(made)).domainProofs
  dns.silent = false
  expect(proof).toMatchObject({
    provenAt: null,
    fault: expect.stringMatching(/^DNS did not answer \(E?TIMEOUT\)/),
  })
}, 60_000)
