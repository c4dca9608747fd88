import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { DnsTemplate } from '../../shared/api/dnsTemplates.ts'
import type {
  ZoneAccepted,
  ZoneEdited,
  ZoneImported,
  ZoneRecords,
  ZoneRevision,
} from '../../shared/api/dnsZones.ts'
import type { Page, Problem } from '../../shared/api/common.ts'
import type { DnsServer } from '../../shared/api/dnsServers.ts'
import { newId } from '../../src/lib/ids.ts'
import * as dnsQueues from '../../src/services/dnsQueues.ts'
import * as dnsZoneService from '../../src/services/dnsZoneService.ts'
import * as seed from '../../src/services/provisioning/seed.ts'
import { finished, startApp, until, type TestApp } from '../support/app.ts'
import {
  NAME_SERVERS,
  resting,
  servedBy,
  servedZone,
  serverOf,
  zoneNow,
  type BegunZone,
} from '../support/dnsZones.ts'
import { LOOPBACK } from '../support/netbox.ts'
import { startPowerDns, type PowerDns } from '../support/powerdns.ts'

let app: TestApp
let pdns: PowerDns
let tenantId: string
let server: DnsServer
beforeAll(async () => {
  pdns = await startPowerDns()
  app = await startApp({ env: LOOPBACK })
  tenantId = await app.tenant()
  server = await serverOf(app, pdns)
})
afterAll(async () => {
  await app.close()
  await pdns.close()
})

const put = (zone: BegunZone, name: string, type: string, ...contents: string[]) =>
  app.admin.call<ZoneEdited & Problem>('PUT', `${zone.path}/records`, { name, type, ttl: 300, contents })
const edit = (zone: BegunZone, changes: object[], headers: Record<string, string> = {}) =>
  app.admin.post<ZoneEdited & Problem>(`${zone.path}/records`, { changes }, headers)
const a = (name: string, ...contents: string[]) => ({ name, type: 'A', value: { ttl: 300, contents } })
const theirs = (zone: BegunZone, label: string, type: string, ...contents: string[]) => ({
  name: `${label}.${zone.name}`,
  type,
  ttl: 300,
  changetype: contents.length > 0 ? 'REPLACE' : 'DELETE',
  records: contents.map((content) => ({ content, disabled: false })),
})
/** As somebody else than mPanel does it. */
const elsewhere = (zone: BegunZone, label: string, type: string, ...contents: string[]) =>
  pdns.call('PATCH', `/zones/${zone.name}`, { rrsets: [theirs(zone, label, type, ...contents)] })
/** One look at the serials of all zones of the server, as a timer begins it. */
const look = () => app.as((ctx) => dnsQueues.enqueueServerCompare(ctx, server, newId()))

test('eight edits at the same time are all kept, and the zone has one SOA', async () => {
  const zone = await servedZone(app, tenantId)
  const labels = Array.from({ length: 8 }, (_, at) => `host${at}`)
  const answers = await Promise.all(labels.map((label, at) => put(zone, label, 'A', `192.0.2.${at}`)))
  expect(answers.map(({ status }) => status)).toEqual(labels.map(() => 200))
  const now = await resting(app, zone)
  expect(now).toMatchObject({ revision: 9, appliedRevision: 9, error: null, drift: null })
  const served = await servedBy(pdns, zone.name)
  expect(Object.keys(served).toSorted()).toEqual(
    [`${zone.name} NS`, `${zone.name} SOA`, ...labels.map((label) => `${label}.${zone.name} A`)].toSorted(),
  )
  expect(served[`${zone.name} SOA`]).toEqual([
    expect.stringMatching(/^ns1\.example\.net\. hostmaster\.example\.net\. \d+ /),
  ])
  expect(served[`${zone.name} NS`]).toEqual(NAME_SERVERS)
})

test('a server that is down for a while has the zone as it is wanted once it is back', async () => {
  const zone = await servedZone(app, tenantId)
  await pdns.stop()
  await put(zone, 'www', 'A', '192.0.2.1')
  await put(zone, '@', 'MX', '10 mail.example.net')
  const waiting = await until(async () => {
    const now = await zoneNow(app, zone)
    return now.error !== null && now
  }, 'the zone to say what it waits for')
  expect(waiting).toMatchObject({ state: 'pending', error: { code: 'unreachable' } })
  await pdns.start()
  await resting(app, zone)
  expect(await servedBy(pdns, zone.name)).toMatchObject({
    [`www.${zone.name} A`]: ['192.0.2.1'],
    [`${zone.name} MX`]: ['10 mail.example.net.'],
  })
})

test('texts of challenges live beside a user’s own, are known to be served, and go by their owner or with time', async () => {
  const zone = await servedZone(app, tenantId)
  const name = `_acme-challenge.${zone.name.slice(0, -1)}`
  await put(zone, name, 'TXT', 'a user’s own')
  const expiresAt = new Date(Date.now() + 5 * 60_000)
  const present = (value: string, owner: string) =>
    app.as((ctx) => dnsZoneService.presentTxt(ctx, { name, value, owner, expiresAt }))
  await present('first', 'acme:1')
  await present('second', 'acme:1')
  const shown = await present('third', 'acme:2')
  await until(
    () => app.as((ctx) => dnsZoneService.isServed(ctx, zone.zoneId, shown?.revision ?? 0)),
    'the challenge to be served',
  )
  const own = '"a user\\226\\128\\153s own"'
  const texts = async () => (await servedBy(pdns, zone.name))[`_acme-challenge.${zone.name} TXT`]
  expect(await texts()).toEqual([own, '"first"', '"second"', '"third"'].toSorted())
  await app.as((ctx) => dnsZoneService.removeTxt(ctx, 'acme:1'))
  expect(await app.as((ctx) => dnsZoneService.removeTxt(ctx, 'acme:1'))).toEqual([])
  await resting(app, zone)
  expect(await texts()).toEqual([own, '"third"'].toSorted())
  app.clock.offsetMs = 6 * 60_000
  await app.as((ctx) => dnsZoneService.dropExpired(ctx))
  await resting(app, zone)
  expect(await texts()).toEqual([own])
  expect(await app.as((ctx) => dnsZoneService.nameServersOf(ctx, zone.zoneId))).toEqual([pdns.address])
  const nobodys = { name: '_acme-challenge.example.org', value: 'x', owner: 'acme:3', expiresAt }
  expect(await app.as((ctx) => dnsZoneService.presentTxt(ctx, nobodys))).toBeNull()
})

test('records that follow something else are put, replaced and dropped by their owner, and are not a user’s to edit', async () => {
  const zone = await servedZone(app, tenantId)
  const host = `web.${zone.name.slice(0, -1)}`
  const holding = await app.as((ctx) => dnsZoneService.zoneHolding(ctx, host))
  expect(holding?.id).toBe(zone.zoneId)
  const follow = (...contents: string[]) =>
    app.as((ctx) =>
      dnsZoneService.putManaged(ctx, zone.zoneId, 'pod:1', [{ name: host, type: 'A', contents }]),
    )
  await follow('192.0.2.1')
  await follow('192.0.2.2')
  await put(zone, host, 'A', '192.0.2.3')
  await resting(app, zone)
  const served = async () => (await servedBy(pdns, zone.name))[`web.${zone.name} A`]
  expect(await served()).toEqual(['192.0.2.2', '192.0.2.3'])
  await app.as((ctx) => dnsZoneService.dropManaged(ctx, 'pod:1'))
  await resting(app, zone)
  expect(await served()).toEqual(['192.0.2.3'])
})

describe('what somebody changes on the server is', () => {
  test('found, shown and not written over by the next edit, until a person takes it over or undoes it', async () => {
    const zone = await servedZone(app, tenantId)
    await put(zone, 'www', 'A', '192.0.2.1')
    await resting(app, zone)
    await elsewhere(zone, 'www', 'A', '192.0.2.66')
    await elsewhere(zone, 'other', 'TXT', '"theirs"')
    await look()
    const drifted = await resting(app, zone, 'drift')
    expect(drifted.drift).toMatchObject({ total: 2, missing: false })
    await put(zone, 'new', 'A', '192.0.2.2')
    await until(async () => (await zoneNow(app, zone)).appliedRevision === 3, 'the edit to be served')
    expect(await servedBy(pdns, zone.name)).toMatchObject({
      [`new.${zone.name} A`]: ['192.0.2.2'],
      [`www.${zone.name} A`]: ['192.0.2.66'],
      [`other.${zone.name} TXT`]: ['"theirs"'],
    })
    await resting(app, zone, 'drift')
    const adopted = await app.admin.post<ZoneAccepted>(`${zone.path}/adopt`, {})
    await finished(app.admin, adopted.body.job?.id ?? '')
    await resting(app, zone)
    const { rrsets } = (await app.admin.get<ZoneRecords>(`${zone.path}/records`)).body
    expect(rrsets.find(({ name }) => name.startsWith('www.'))?.value.contents).toEqual(['192.0.2.66'])
    await elsewhere(zone, 'www', 'A')
    await look()
    await resting(app, zone, 'drift')
    await app.admin.post(`${zone.path}/apply`, { everything: true })
    await resting(app, zone)
    expect(await servedBy(pdns, zone.name)).toMatchObject({ [`www.${zone.name} A`]: ['192.0.2.66'] })
  })

  test('undone where the zone is kept as it is here, unless that would be too much', async () => {
    const zone = await servedZone(app, tenantId)
    await app.admin.call('PATCH', `${zone.path}/zone`, { policy: 'enforce' })
    await put(zone, 'www', 'A', '192.0.2.1')
    await resting(app, zone)
    await elsewhere(zone, 'www', 'A', '192.0.2.66')
    await look()
    await until(
      async () => (await servedBy(pdns, zone.name))[`www.${zone.name} A`]?.[0] === '192.0.2.1',
      'the change to be undone',
    )
    await resting(app, zone)
    // At once: of fewer the timer would take away what it finds in between.
    await pdns.call('PATCH', `/zones/${zone.name}`, {
      rrsets: Array.from({ length: 12 }, (_, at) => theirs(zone, `extra${at}`, 'A', '192.0.2.9')),
    })
    await look()
    const held = await resting(app, zone, 'held')
    expect(held.error?.message).toBe('12 of 14 sets of records would be taken away.')
    await app.admin.post(`${zone.path}/apply`, { everything: true })
    await resting(app, zone)
    expect(Object.keys(await servedBy(pdns, zone.name))).toHaveLength(3)
  })

  test('a zone that is gone there, which is made again when somebody says so, and never one of others', async () => {
    const zone = await servedZone(app, tenantId)
    await pdns.call('DELETE', `/zones/${zone.name}`)
    await look()
    expect((await resting(app, zone, 'drift')).drift).toMatchObject({ missing: true })
    await pdns.call('POST', '/zones', { name: zone.name, kind: 'Native', nameservers: NAME_SERVERS })
    await app.admin.post(`${zone.path}/apply`, { everything: true })
    expect((await resting(app, zone, 'rejected')).error).toMatchObject({ code: 'not_ours' })
    await pdns.call('DELETE', `/zones/${zone.name}`)
    await app.admin.post(`${zone.path}/apply`, {})
    await resting(app, zone)
    const ended = await app.admin.call<ZoneAccepted>('DELETE', `${zone.path}/zone`)
    await finished(app.admin, ended.body.job?.id ?? '')
    expect(await servedBy(pdns, zone.name)).toEqual({})
    expect((await app.admin.get(`${zone.path}/zone`)).status).toBe(404)
    expect((await app.admin.post(`${zone.path}/zone`, {})).status).toBe(202)
  })

  test('never those of a tenant that is closed: they are taken off before anything of it is erased', async () => {
    const closing = await app.tenant()
    const zone = await servedZone(app, closing)
    const path = `/api/admin/tenants/${closing}`
    const { name } = (await app.admin.get<{ name: string }>(path)).body
    await app.admin.call('PATCH', `${path}/settings`, { 'tenants.coolingOffDays': 0 })
    const closed = await app.admin.post(`${path}/close`, { name, reason: 'the test is over' })
    expect(closed.status).toBeLessThan(300)
    await until(
      async () => (await app.admin.get<{ state: string }>(path)).body.state === 'closed',
      'the tenant to be closed',
    )
    expect(await servedBy(pdns, zone.name)).toEqual({})
  })
})

describe('an edit', () => {
  test('that breaks the zone or is of what is not the user’s is refused with its reason; doubts are answered', async () => {
    const zone = await servedZone(app, tenantId)
    const refused = async (answer: ReturnType<typeof edit>) => {
      const { status, body } = await answer
      return status === 422 ? body.detail : status
    }
    expect(await refused(edit(zone, [a('www', '192.0.2.300')]))).toContain('no IPv4 address')
    expect(await refused(put(zone, '@', 'CNAME', 'other.example.com'))).toContain('cannot be a CNAME')
    expect(await refused(put(zone, '@', 'NS', 'ns.example.org'))).toContain('are those of its DNS server')
    expect(await refused(put(zone, 'x', 'LUA', 'A "1"'))).toContain('cannot be kept')
    expect(await refused(put(zone, 'www.example.org.', 'A', '192.0.2.1'))).toContain('lies outside')
    const doubtful = await put(zone, '@', 'MX', `10 mail.${zone.name}`)
    expect(doubtful.body.warnings).toMatchObject([{ level: 'warning', type: 'MX' }])
    expect((await edit(zone, [a('www', '192.0.2.1')], { 'if-match': '"v1"' })).status).toBe(412)
    expect((await edit(zone, [a('www', '192.0.2.1')], { 'if-match': '"v2"' })).status).toBe(200)
    // The very same again is no edit.
    expect((await edit(zone, [a('www', '192.0.2.1')])).body).toMatchObject({ revision: 3, job: null })
    const cname = { name: 'www', type: 'CNAME', value: { ttl: 300, contents: ['@'] } }
    expect((await edit(zone, [cname, { name: 'www', type: 'A', value: null }])).status).toBe(200)
    await resting(app, zone)
    expect(await servedBy(pdns, zone.name)).toMatchObject({ [`www.${zone.name} CNAME`]: [zone.name] })
  })

  test('is undone by going back, a zone is moved by files, and a template fills in what it is told', async () => {
    const zone = await servedZone(app, tenantId)
    await edit(zone, [a('one', '192.0.2.1'), a('two', '192.0.2.2')])
    await edit(zone, [
      a('one', '192.0.2.11'),
      { name: 'two', type: 'A', value: null },
      a('three', '192.0.2.3'),
    ])
    const before = await app.admin.get<string>(`${zone.path}/export`)
    expect(before.headers.get('content-disposition')).toContain(`${zone.name}zone`)
    expect(before.body).toContain(`one.${zone.name}\t300\tIN\tA\t192.0.2.11`)
    await app.admin.post(`${zone.path}/rollback`, { revision: 2 })
    const hosts = async () =>
      Object.fromEntries(
        (await app.admin.get<ZoneRecords>(`${zone.path}/records`)).body.rrsets
          .filter(({ managedBy }) => managedBy === 'user')
          .map(({ name, value }) => [name.split('.')[0], value.contents.join()]),
      )
    expect(await hosts()).toEqual({ one: '192.0.2.1', two: '192.0.2.2' })
    const text = `${before.body}\nodd IN ALIAS example.org.\n`
    const asked = { text, mode: 'replace' }
    const tried = await app.admin.post<ZoneImported>(`${zone.path}/import`, { ...asked, preview: true })
    expect(tried.body).toMatchObject({ revision: 4, faults: [{ message: expect.stringContaining('ALIAS') }] })
    expect(tried.body.changes).toHaveLength(3)
    await app.admin.post(`${zone.path}/import`, asked)
    expect(await hosts()).toEqual({ one: '192.0.2.11', three: '192.0.2.3' })
    const template = await app.admin.post<DnsTemplate>('/api/admin/domains/templates', {
      tenantId,
      name: 'Web',
      records: [
        { name: '{{domain}}.', type: 'A', ttl: 300, content: '{{ip}}' },
        { name: 'www', type: 'CNAME', ttl: 300, content: '{{domain}}.' },
      ],
    })
    expect(template.body.variables).toEqual(['ip'])
    const use = (values: object) =>
      app.admin.post<Problem>(`${zone.path}/template`, { templateId: template.body.id, values })
    expect((await use({})).body.errors).toEqual([{ path: 'values.ip', message: 'Say what {{ip}} is.' }])
    expect((await use({ ip: '192.0.2.7' })).status).toBe(200)
    await resting(app, zone)
    expect(await servedBy(pdns, zone.name)).toMatchObject({
      [`${zone.name} A`]: ['192.0.2.7'],
      [`www.${zone.name} CNAME`]: [zone.name],
      [`three.${zone.name} A`]: ['192.0.2.3'],
    })
    const history = await app.admin.get<Page<ZoneRevision>>(`${zone.path}/revisions`)
    expect(history.body.items.map(({ cause }) => cause)).toEqual([
      'template',
      'import',
      'rollback',
      'edit',
      'edit',
      'begun',
    ])
  })
})

test('the PowerDNS of the configuration is added once, and zones are begun on it', async () => {
  const powerdns = { url: 'https://192.0.2.53:8081', apiKey: 'key', nameServers: ['ns1.example.net'] }
  const start = () =>
    app.as((ctx) =>
      seed.seedNameServers(ctx, { publicUrl: app.url, adminEmail: 'admin@example.com', powerdns }),
    )
  await start()
  await start()
  const { items } = (await app.admin.get<Page<DnsServer>>('/api/admin/domains/dns-servers')).body
  expect(items.filter(({ url }) => url === powerdns.url)).toEqual([
    expect.objectContaining({ isDefault: true, nameServers: ['ns1.example.net.'] }),
  ])
})
