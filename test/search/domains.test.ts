import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { PERMISSIONS } from '../../shared/permissions.ts'
import type { SearchHit } from '../../shared/api/search.ts'
import { newId } from '../../src/lib/ids.ts'
import * as searchService from '../../src/services/searchService.ts'
import type { Api } from '../support/api.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { keyOf, person, roleKey } from '../users/people.ts'

const MANY = 2_000

let app: TestApp
let own: string
let owner: Api
let stranger: Api
const made = { domain: newId(), zone: newId(), certificate: newId(), finding: newId() }
beforeAll(async () => {
  app = await startApp({ worker: false, blueprints: false })
  own = await app.tenant()
  const other = await app.tenant()
  owner = await roleKey(app, 'TENANT_OWNER', own)
  stranger = await roleKey(app, 'TENANT_OWNER', other)
  await app.as(async ({ tx }) => {
    await sql`insert into domains (id, tenant_id, name, unicode_name, registrable_name, proof, verified_at, created_at, updated_at)
      select case i when 1 then ${made.domain}::uuid else gen_random_uuid() end, case i when 1 then ${own} else ${other} end::uuid, n, u, n,
        repeat('x', 20), now(), now(), now()
      from (select i, case i when 1 then 'xn--bcher-kva.example' else 'd' || i || '.example' end as n,
        case i when 1 then 'bücher.example' else 'd' || i || '.example' end as u from generate_series(1, ${MANY}) i) v`.execute(
      tx,
    )
    await sql`insert into dns_zones (id, tenant_id, domain_id, server_id, name, created_at)
      select ${made.zone}, ${own}, ${made.domain}, id, 'xn--bcher-kva.example.', now() from dns_servers limit 1`.execute(
      tx,
    )
    await sql`insert into ssl_certificates (id, tenant_id, names, name_set, source, created_at, updated_at)
      select case i when 1 then ${made.certificate}::uuid else gen_random_uuid() end, case i when 1 then ${own} else ${other} end::uuid,
        array['d' || i || '.example', '*.wild' || i || '.example'], lpad(i::text, 64, '0'), 'issued', now(), now()
      from generate_series(1, ${MANY}) i`.execute(tx)
    await sql`insert into findings (id, kind, cluster_id, vmid, label, expected, found, facts, state, first_seen_at, last_seen_at)
      values (${made.finding}, 'foreign', ${app.clusterId}, 4711, 'Old mail server', '', '', '{}', 'open', now(), now())`.execute(
      tx,
    )
  })
})
afterAll(() => app?.close())

const find = async (api: Api, q: string, types: string): Promise<SearchHit[]> => {
  const { body } = await api.get<{ items: SearchHit[] }>(
    `/api/admin/search?${new URLSearchParams({ q, types }).toString()}`,
  )
  return body.items
}

test.each([
  ['domain', 'bücher.example', 'exact'],
  ['domain', 'BUCHER', 'prefix'],
  ['domain', 'xn--bcher-kva.example.', 'exact'],
  ['domain', 'ücher', 'inside'],
  ['domain', made.domain, 'exact'],
  ['zone', 'bücher', 'prefix'],
  ['zone', made.zone, 'exact'],
  ['certificate', 'd1.example', 'exact'],
  ['certificate', '*.wild1.example', 'exact'],
  ['certificate', 'wild1.example', 'inside'],
  ['certificate', made.certificate, 'exact'],
] as const)('a %s is found by "%s", but not from another tenant', async (type, q, match) => {
  const [first] = await find(owner, q, type)
  expect(first).toMatchObject({ type, id: made[type], match, tenant: { id: own } })
  expect(first?.shownAt.id).toBe(type === 'zone' ? made.domain : made[type])
  expect((await find(app.admin, q, type))[0]).toMatchObject({ id: made[type] })
  expect((await find(stranger, q, type)).map(({ id }) => id)).not.toContain(made[type])
})

test('a finding is found by its name, VMID and id, only by whoever sees the infrastructure', async () => {
  for (const [q, match] of [
    ['mail server', 'inside'],
    ['old mail', 'prefix'],
    ['4711', 'exact'],
    [made.finding, 'exact'],
  ] as const) {
    expect(await find(app.admin, q, 'finding')).toMatchObject([{ id: made.finding, match, tenant: null }])
    expect(await find(owner, q, 'finding')).toEqual([])
  }
  expect(await find(app.admin, 'no such', 'finding')).toEqual([])
})

test('each is found only with its permission', async () => {
  const { email } = await person(app, 'SUPPORT')
  for (const [scope, found] of [
    ['domains:read', ['domain', 'zone']],
    ['ssl:read', []],
    ['cloudpods:read', []],
  ] as const) {
    const { api } = await keyOf(app, email, { scopes: [scope] })
    const hits = await find(api, 'bücher', 'domain,zone,certificate,finding')
    expect(hits.map(({ type }) => type).toSorted()).toEqual(found)
  }
})

test('no table is read as a whole, whether many names match, one, or none', async () => {
  const everything = { platform: new Set(PERMISSIONS), tenants: new Map() } as never
  for (const q of ['example', 'd1999', 'qqqxyz', 'bücher', newId()]) {
    const read = await app.as(async (ctx) => {
      const scans = async () => {
        const { rows } = await sql<{
          name: string
          scans: number
        }>`select relname as name, seq_scan::int as scans
          from pg_stat_xact_user_tables where relname in ('domains', 'ssl_certificates', 'dns_zones')`.execute(
          ctx.tx,
        )
        return new Map(rows.map((row) => [row.name, row.scans]))
      }
      const before = await scans()
      await searchService.find(ctx, everything, { q, limit: 5, types: 'domain,zone,certificate' })
      return [...(await scans())].filter(([name, count]) => count > (before.get(name) ?? 0))
    })
    expect({ q, read }).toEqual({ q, read: [] })
  }
})
