import type { DnsServer } from '../../shared/api/dnsServers.ts'
import type { DnsTemplate } from '../../shared/api/dnsTemplates.ts'
import type { ZoneAccepted } from '../../shared/api/dnsZones.ts'
import { newId } from '../../src/lib/ids.ts'
import * as dnsServerService from '../../src/services/dnsServerService.ts'
import type { TestApp } from '../support/app.ts'
import type { Case } from './cases.ts'
import { domainIn } from './casesDomains.ts'
import { good } from './pods.ts'

const PATH = '/api/admin/domains'
/** Nobody answers there, and it may not be reached. */
const connection = { url: 'http://127.0.0.1:1', apiKey: 'secret' }

const serverBody = () => ({
  ...connection,
  name: `case ${newId().slice(-12)}`,
  nameServers: ['ns1.example.net'],
  hostmaster: 'hostmaster@example.net',
})
const serverIn = async (app: TestApp): Promise<{ id: string }> => ({
  id: (await good(app.admin.post<DnsServer>(`${PATH}/dns-servers`, serverBody()))).id,
})

const record = { name: 'www', type: 'A', ttl: 300, content: '192.0.2.1' }
const templateBody = (tenantId: string) => ({
  tenantId,
  name: `case ${newId().slice(-12)}`,
  records: [record],
})
const templateIn = async (app: TestApp, tenantId: string): Promise<{ id: string }> => ({
  id: (await good(app.admin.post<DnsTemplate>(`${PATH}/templates`, templateBody(tenantId)))).id,
})

/** A domain with a zone in files and two edits; and a template. */
export async function zoneCaseIn(app: TestApp, tenantId: string): Promise<{ id: string; zoneId: string }> {
  const seeded = { nameServers: ['ns1.example.net'], hostmaster: 'hostmaster@example.net' }
  await app.as((ctx) => dnsServerService.nameZoneFiles(ctx, seeded))
  const { id } = await domainIn(app, tenantId)
  const begun = await good(app.admin.post<ZoneAccepted>(`${PATH}/${id}/zone`, {}))
  const { content, ...set } = record
  await app.admin.call('PUT', `${PATH}/${id}/records`, { ...set, contents: [content] })
  await templateIn(app, tenantId)
  return { id, zoneId: begun.zone.id }
}

const zoned: Case = async (app, tenantId) => ({ id: (await zoneCaseIn(app, tenantId)).id })
const { content, ...set } = { ...record, name: 'new' }
const value = { ttl: 300, contents: [content] }
const withBody =
  (body: object): Case =>
  async (app, tenantId) => ({ ...(await zoned(app, tenantId)), body })

/** The rows of the route table about zones, templates of records, and the servers that zones are on. */
export const DNS_CASES: Record<string, Case> = {
  listDnsServers: async () => ({}),
  createDnsServer: async () => ({ body: serverBody() }),
  checkDnsServerConnection: async () => ({ body: connection }),
  checkDnsServer: serverIn,
  getDnsServer: serverIn,
  updateDnsServer: async (app) => ({
    ...(await serverIn(app)),
    body: { name: `case ${newId().slice(-12)}` },
  }),
  removeDnsServer: serverIn,
  makeDnsTransferKey: serverIn,
  setDnsSecondaries: async (app) => {
    const { id } = await serverIn(app)
    await good(app.admin.post(`${PATH}/dns-servers/${id}/transfer-key`))
    return { id, body: { secondaries: ['192.0.2.54:53'], catalog: null } }
  },
  listDnsTemplates: async () => ({}),
  createDnsTemplate: async (_, tenantId) => ({ body: templateBody(tenantId) }),
  getDnsTemplate: templateIn,
  updateDnsTemplate: async (app, tenantId) => ({
    ...(await templateIn(app, tenantId)),
    body: { description: 'other' },
  }),
  removeDnsTemplate: templateIn,
  getZone: zoned,
  beginZone: async (app, tenantId) => {
    await zoneCaseIn(app, tenantId)
    return { id: (await domainIn(app, tenantId)).id, body: {} }
  },
  updateZone: withBody({ policy: 'enforce' }),
  endZone: zoned,
  lookAtZone: zoned,
  switchZoneDnssec: async (app, tenantId) => {
    const { id, zoneId } = await zoneCaseIn(app, tenantId)
    await app.as((ctx) =>
      ctx.tx
        .updateTable('dns_zones')
        .set({ dnssec: 'signing', dnssec_since: ctx.now() })
        .where('id', '=', zoneId)
        .execute(),
    )
    return { id, body: { on: false } }
  },
  getZoneRecords: zoned,
  editZone: withBody({ changes: [{ name: 'new', type: 'A', value }] }),
  putZoneRrset: withBody({ ...set, contents: [content] }),
  removeZoneRrset: async (app, tenantId) => ({
    ...(await zoned(app, tenantId)),
    query: '?name=www&type=A',
  }),
  importZone: withBody({ text: 'new 300 IN A 192.0.2.1' }),
  exportZone: zoned,
  applyDnsTemplate: async (app, tenantId) => {
    const { id: templateId } = await templateIn(app, tenantId)
    const { id } = await zoneCaseIn(app, tenantId)
    await app.admin.call('DELETE', `${PATH}/${id}/records?name=www&type=A`)
    return { id, body: { templateId } }
  },
  getZoneRevisions: zoned,
  getZoneRevision: async (app, tenantId) => ({ ...(await zoned(app, tenantId)), query: '?revision=1' }),
  rollBackZone: withBody({ revision: 1 }),
  applyZone: withBody({}),
  adoptZone: async (app, tenantId) => {
    const { id, zoneId } = await zoneCaseIn(app, tenantId)
    await app.as((ctx) =>
      ctx.tx
        .updateTable('dns_zones')
        .set({
          state: 'drift',
          drift: JSON.stringify({ total: 0, missing: false, changes: [], reason: null }),
        })
        .where('id', '=', zoneId)
        .execute(),
    )
    return { id }
  },
}
