import type { Job } from '../../shared/api/provisioning.ts'
import type { SslCertificate, SslCertificateDetail, SslOrder } from '../../shared/api/ssl.ts'
import type { SslIssuer } from '../../shared/api/sslIssuers.ts'
import { newId } from '../../src/lib/ids.ts'
import { domainIn } from '../rules/casesDomains.ts'
import { good } from '../rules/pods.ts'
import { startAcmeProxy, type AcmeProxy } from '../support/acmeProxy.ts'
import { finished, startApp, until, type TestApp } from '../support/app.ts'
import { LOOPBACK } from '../support/netbox.ts'
import { startPebble, type Pebble } from '../support/pebble.ts'
import { startPowerDns, type PowerDns } from '../support/powerdns.ts'

export const CERTIFICATES = '/api/admin/ssl/certificates'
export type Accepted = { certificate: SslCertificate; job: Job }

export type SslWorld = {
  app: TestApp
  dns: PowerDns
  pebble: Pebble
  proxy: AcmeProxy
  issuer: SslIssuer
  /** A verified domain of a tenant, its zone on the PowerDNS. */
  domain(tenantId: string): Promise<{ id: string; name: string }>
  request(tenantId: string, names: string[], more?: object): Promise<Accepted>
  get(id: string): Promise<SslCertificateDetail>
  orders(id: string): Promise<SslOrder[]>
  /** The certificate once nothing is being attempted any more. */
  settled(id: string): Promise<SslCertificateDetail>
  close(): Promise<void>
}

/** The whole way: mPanel, a real PowerDNS that it writes zones to, and a real Pebble that asks that PowerDNS. */
export async function startSslWorld(
  options: {
    worker?: boolean
    lifeSeconds?: number
    /** So many of a hundred nonces are refused by Pebble. */
    nonceReject?: number
    /** Zones are delegated to ns1.test and ns2.test, which are at 127.0.0.1 and 127.0.0.2, and asked there. */
    delegated?: boolean
    /** Where Pebble looks for proofs by TLS. */
    tlsPort?: number
    env?: Record<string, string>
  } = {},
): Promise<SslWorld> {
  const dns = await startPowerDns()
  // So that a look for CAA records finds an end.
  await dns.call('POST', '/zones', {
    name: 'test.',
    kind: 'Native',
    nameservers: options.delegated ? ['ns1.test.'] : [],
    rrsets: options.delegated
      ? [addressOf('ns1.test.', '127.0.0.1'), addressOf('ns2.test.', '127.0.0.2')]
      : [],
  })
  const app = await startApp({
    blueprints: false,
    ...(options.worker === undefined ? {} : { worker: options.worker }),
    env: {
      MPANEL_DNS_SERVERS: dns.address,
      ...(options.delegated ? { MPANEL_DNS_PORT: dns.address.split(':')[1] ?? '' } : {}),
      ...LOOPBACK,
      ...options.env,
    },
  })
  const pebble = await startPebble({
    dns: dns.address,
    httpPort: Number(new URL(app.url).port),
    ...(options.tlsPort === undefined ? {} : { tlsPort: options.tlsPort }),
    ...(options.nonceReject === undefined ? {} : { nonceReject: options.nonceReject }),
    ...(options.lifeSeconds === undefined ? {} : { lifeSeconds: options.lifeSeconds }),
  })
  const proxy = await startAcmeProxy(pebble)
  const { admin } = app
  await good(
    admin.post('/api/admin/domains/dns-servers', {
      name: 'PowerDNS',
      url: dns.url,
      apiKey: dns.apiKey,
      nameServers: options.delegated ? ['ns1.test.', 'ns2.test.'] : ['ns1.example.com.', 'ns2.example.com.'],
      queryAddresses: [dns.address],
      hostmaster: 'hostmaster@example.com',
      isDefault: true,
    }),
  )
  const issuer = await good(
    admin.post<SslIssuer>('/api/admin/ssl/issuers', {
      name: 'Pebble',
      directoryUrl: proxy.directoryUrl,
      caPem: pebble.caPem,
      email: 'ops@example.com',
    }),
  )
  const get = async (id: string): Promise<SslCertificateDetail> =>
    (await admin.get<SslCertificateDetail>(`${CERTIFICATES}/${id}`)).body
  return {
    app,
    dns,
    pebble,
    proxy,
    issuer,
    get,
    domain: async (tenantId) => {
      const name = `d${newId().slice(-12)}.test`
      const { id } = await domainIn(app, tenantId, name)
      const { job } = await good(admin.post<{ job: Job }>(`/api/admin/domains/${id}/zone`, {}))
      if (options.worker !== false) await finished(admin, job.id)
      return { id, name }
    },
    request: (tenantId, names, more = {}) =>
      good(admin.post<Accepted>(CERTIFICATES, { tenantId, names, ...more })),
    orders: async (id) => (await admin.get<{ items: SslOrder[] }>(`${CERTIFICATES}/${id}/orders`)).body.items,
    settled: (id) =>
      until(async () => {
        const seen = await get(id)
        return seen.action === null && seen
      }, `certificate ${id} to come to rest`),
    close: async () => {
      await app.close()
      await proxy.close()
      await pebble.close()
      await dns.close()
    },
  }
}

const addressOf = (name: string, content: string) => ({
  name,
  type: 'A',
  ttl: 60,
  changetype: 'REPLACE',
  records: [{ content, disabled: false }],
})
