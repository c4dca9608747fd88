import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { ZoneEdited, ZoneImported } from '../../shared/api/dnsZones.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { resting, servedBy, servedZone, serverOf, type BegunZone } from '../support/dnsZones.ts'
import { LOOPBACK } from '../support/netbox.ts'
import { startPowerDns, type PowerDns } from '../support/powerdns.ts'

let app: TestApp
let pdns: PowerDns
let front: Server
let zone: BegunZone
/** What was asked of the server, and what happens right before or after it next hears of a change. */
const calls: string[] = []
const meanwhile: Partial<Record<'before' | 'after', () => Promise<unknown>>> = {}

beforeAll(async () => {
  pdns = await startPowerDns()
  const pass = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = '', url = '' } = request
    calls.push(`${method} ${url}`)
    const { before, after } = method === 'PATCH' ? meanwhile : {}
    if (method === 'PATCH') Object.assign(meanwhile, { before: undefined, after: undefined })
    await before?.()
    const body = await text(request)
    const answer = await fetch(`${pdns.url}${url}`, {
      method,
      headers: { 'x-api-key': pdns.apiKey, 'content-type': 'application/json' },
      ...(body === '' ? {} : { body }),
    })
    await after?.()
    response.writeHead(answer.status, { 'content-type': 'application/json' })
    response.end(await answer.text())
  }
  front = createServer((request, response) => void pass(request, response)).listen(0, '127.0.0.1')
  await once(front, 'listening')
  app = await startApp({ env: LOOPBACK })
  const { port } = front.address() as AddressInfo
  await serverOf(app, { ...pdns, url: `http://127.0.0.1:${port}` })
  zone = await servedZone(app, await app.tenant())
  const file = Array.from({ length: 400 }, (_, at) => `host${at} 300 IN A 192.0.2.${at % 250}`).join('\n')
  await app.admin.post<ZoneImported>(`${zone.path}/import`, {
    text: file,
    mode: 'merge',
    preview: false,
  })
  await resting(app, zone)
})
beforeEach(() => void calls.splice(0))
afterAll(async () => {
  await app.close()
  front.close()
  await pdns.close()
})

const put = (name: string, content: string) =>
  app.admin.call<ZoneEdited>('PUT', `${zone.path}/records`, {
    name,
    type: 'A',
    ttl: 300,
    contents: [content],
  })
const elsewhere = (label: string, content: string) =>
  pdns.call('PATCH', `/zones/${zone.name}`, {
    rrsets: [
      {
        name: `${label}.${zone.name}`,
        type: 'A',
        ttl: 300,
        changetype: 'REPLACE',
        records: [{ content, disabled: false }],
      },
    ],
  })
const reads = () => {
  const all = calls.filter((call) => call.startsWith('GET ') && call.includes(`/zones/${zone.name}`))
  return [
    all.filter((call) => !call.includes('?')).length,
    all.filter((call) => call.includes('rrset_name')).length,
  ]
}

test('of a large zone only what was written is read back', async () => {
  expect((await put('host7', '192.0.2.251')).status).toBe(200)
  expect(await resting(app, zone)).toMatchObject({ drift: null, error: null })
  expect(reads()).toEqual([1, 1])
  const changes = [{ name: 'host8', type: 'A', value: null }]
  expect((await app.admin.post<ZoneEdited>(`${zone.path}/records`, { changes })).status).toBe(200)
  await resting(app, zone)
  expect(reads()).toEqual([2, 2])
  const served = await servedBy(pdns, zone.name)
  expect(served[`host7.${zone.name} A`]).toEqual(['192.0.2.251'])
  expect(served[`host8.${zone.name} A`]).toBeUndefined()
})

test('what somebody changes there between the look and the write is found, for then all of it is read back', async () => {
  meanwhile.before = () => elsewhere('host9', '192.0.2.252')
  await put('host10', '192.0.2.251')
  const now = await resting(app, zone, 'drift')
  expect(now.drift).toMatchObject({ total: 1, changes: [{ name: `host9.${zone.name}` }] })
  expect(reads()).toEqual([2, 1])
})

test('what is written over there at once is not taken for served, and is written again', async () => {
  await elsewhere('host9', '192.0.2.9')
  meanwhile.after = () => elsewhere('host11', '192.0.2.253')
  await put('host11', '192.0.2.254')
  expect(await resting(app, zone)).toMatchObject({ drift: null })
  expect((await servedBy(pdns, zone.name))[`host11.${zone.name} A`]).toEqual(['192.0.2.254'])
})
