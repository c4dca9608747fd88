import { writeFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'csv-parse/sync'
import { verifyExport, type VerifyOptions } from '../../src/auditCommand.ts'
import { newId } from '../../src/lib/ids.ts'
import { merkleProver, merkleRoot, leafHash, rootOf } from '../../src/lib/merkle.ts'
import { sealAll } from '../../src/services/audit/sealing.ts'
import { verifyFile } from '../../src/services/audit/verifyFile.ts'
import * as auditService from '../../src/services/auditService.ts'
import type { Api } from '../support/api.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { keyOf, person, roleKey, session } from '../users/people.ts'
import { mpanel } from '../start/process.ts'

let app: TestApp
let folder: string
let own: string
let other: string
let owner: Api
/** The lines of an export of everything. */
let whole: string[]
/** The lines of an export by the tenant’s owner: a part of the log. */
let part: string[]

beforeAll(async () => {
  app = await startApp({ worker: false, blueprints: false })
  folder = app.config.dataDir
  own = await app.tenant()
  other = await app.tenant()
  owner = await roleKey(app, 'TENANT_OWNER', own)
  for (const tenantId of [own, other, own])
    for (let n = 0; n < 4; n++) await record(tenantId, `thing ${n}`, '=1+1')
  await sealAll(app.root)
  for (let n = 0; n < 3; n++) await record(own, 'later \u2028 line', 'x', 'pve1 said so')
  await sealAll(app.root)
  whole = await linesOf(app.admin, '')
  part = await linesOf(owner, '')
})
afterAll(() => app.close())

const record = (tenantId: string, label: string, note: string, raw?: string) =>
  app.as((ctx) =>
    auditService.record(
      { ...ctx, ...(raw === undefined ? {} : { jobId: newId() }) },
      {
        action: 'THING_DONE',
        tenantId,
        target: { type: 'thing', id: newId(), label },
        diff: { amount: [1, 2.5] },
        details: raw === undefined ? { note } : { raw },
      },
    ),
  )

async function text(api: Api, query: string): Promise<string> {
  const answer = await api.call<string>('GET', `/api/admin/audit/events/export${query}`)
  expect(answer.status).toBe(200)
  return typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body)
}
const linesOf = async (api: Api, query: string): Promise<string[]> =>
  (await text(api, query)).trimEnd().split('\n')

const fileOf = async (lines: readonly string[]): Promise<string> => {
  const path = `${folder}/${newId()}.jsonl`
  await writeFile(path, `${lines.join('\n')}\n`)
  return path
}
const verdictOf = async (lines: readonly string[]) => verifyFile(await fileOf(lines))

/** The real command in a process of its own, without a database in its environment. */
async function command(lines: readonly string[], more: string[] = []) {
  const run = mpanel(['audit', 'verify', '--file', await fileOf(lines), ...more], {})
  return { code: await run.ended, output: run.output() }
}

/** What the command does, without a process for it. */
async function verified(lines: readonly string[], options: VerifyOptions = {}) {
  const said: string[] = []
  const code = await verifyExport(await fileOf(lines), options, (line) => void said.push(line))
  return { code, output: said.join('\n') }
}

const without = (lines: string[], index: number) => lines.toSpliced(index, 1)
const swapped = (lines: string[], index: number) =>
  lines.toSpliced(index, 2, lines[index + 1] ?? '', lines[index] ?? '')
const events = (lines: string[]) =>
  lines.flatMap((line, index) => (line.startsWith('{"kind":"event"') ? [index] : []))

test('an export of everything is intact, says that it is complete, and holds every sealed event', async () => {
  const { code, output } = await command(whole, ['--checkpoints', app.config.auditCheckpoints])
  expect(output).toContain('the file is intact')
  expect(code).toBe(0)
  const verdict = await verdictOf(whole)
  expect(verdict).toMatchObject({ complete: true, withheld: 0, unsealed: 0, findings: [] })
  expect(verdict.events).toBe(events(whole).length)
  expect(verdict.events).toBeGreaterThan(15)
})

test('a part of the log is intact as well, and says that completeness cannot be proven', async () => {
  const { code, output } = await verified(part)
  expect(output).toContain('not that nothing is left out')
  expect(code).toBe(0)
  // Jobs’ details name the infrastructure: a tenant gets their hash.
  const { findings, withheld, complete } = await verdictOf(part)
  expect({ findings, withheld, complete }).toEqual({ findings: [], withheld: 3, complete: false })
  expect(part.join('\n')).not.toContain('pve1')
  expect(part.join('\n')).not.toContain(other)
})

describe.each([
  ['everything', () => whole],
  ['a part', () => part],
])('in an export of %s', (_, lines) => {
  test('one changed byte anywhere is found', async () => {
    const all = lines()
    for (let index = 0; index < all.length; index += 3) {
      const line = all[index] ?? ''
      const at = Math.floor(line.length * 0.7)
      const changed = line.slice(0, at) + (line[at] === '7' ? '8' : '7') + line.slice(at + 1)
      const verdict = await verdictOf(all.with(index, changed)).catch((error: Error) => error)
      if (verdict instanceof Error) expect(index).toBe(0)
      else expect(verdict.findings.length, `line ${index + 1}`).toBeGreaterThan(0)
    }
  })

  test('a changed event is named', async () => {
    const index = events(lines())[2] ?? 0
    const { code, output } = await verified(
      lines().with(
        index,
        (lines()[index] ?? '').replace('THING_DONE', 'THING_GONE').replace('success', 'succesS'),
      ),
    )
    expect(output).toMatch(
      new RegExp(`^changed: event [0-9a-f-]{36} in line ${index + 1} is not what its hash says`, 'm'),
    )
    expect(code).toBe(1)
  })

  test('a removed event is named by where it was', async () => {
    const index = events(lines())[3] ?? 0
    const { code, output } = await verified(without(lines(), index))
    expect(output).toMatch(
      new RegExp(`^missing or reordered: event .* in line ${index + 1} is record 5, record 4 belongs`, 'm'),
    )
    expect(code).toBe(1)
  })

  test('events in another order are found', async () => {
    const [first = 0] = events(lines()).filter((index) => lines()[index + 1]?.startsWith('{"kind":"event"'))
    const { findings } = await verdictOf(swapped(lines(), first))
    expect(findings[0]).toMatch(/^missing or reordered: event .* is record 2, record 1 belongs there/)
  })

  test('a file that was cut is found, with or without its end line', async () => {
    const { code, output } = await verified(lines().slice(0, -2))
    expect(output).toMatch(/^cut: the file stops after line \d+ without its end/m)
    expect(code).toBe(1)
    const last = events(lines()).at(-1) ?? 0
    expect((await verdictOf(without(lines(), last))).findings.join('\n')).toMatch(
      /^missing: \d+ events were written/m,
    )
  })

  test('an event that was put in is found', async () => {
    const index = events(lines())[1] ?? 0
    const line = lines()[index] ?? ''
    const { code, output } = await verified(lines().toSpliced(index + 1, 0, line))
    expect(output).toMatch(/^missing or reordered: event .* is record 2, record 3 belongs there/m)
    expect(code).toBe(1)
    expect((await verdictOf([...lines(), line])).findings[0]).toMatch(
      /^inserted: line \d+ stands behind the end/,
    )
  })
})

test('a file that somebody signed with a key of their own is found by the key', async () => {
  const forged = `MCowBQYDK2VwAyEA${Buffer.alloc(32, 7).toString('base64')}`.slice(0, 60)
  const { code, output } = await verified(whole, { key: [forged] })
  expect(output).toContain('forged: the file names another key than the trusted one')
  expect(code).toBe(1)
})

test('the command ends with 1 for a changed file, and with 2 for one that is none of ours or not there', async () => {
  expect((await command(without(whole, events(whole)[2] ?? 0))).code).toBe(1)
  expect((await command(['hello'])).code).toBe(2)
  expect(await mpanel(['audit', 'verify', '--file', '/nowhere.jsonl'], {}).ended).toBe(2)
})

test('a browser saves the file under a name, and looking at its head alone takes nothing out', async () => {
  const path = '/api/admin/audit/events/export?format=csv'
  const answer = await app.admin.call('GET', path)
  expect(answer.headers.get('content-type')).toBe('text/csv; charset=utf-8')
  expect(answer.headers.get('content-disposition')).toMatch(/^attachment; filename="audit-[\dT-]+\.csv"/)
  expect(answer.headers.get('cache-control')).toBe('no-store')
  const { token } = await keyOf(app, 'admin@example.com')
  const head = await fetch(app.url + path, { method: 'HEAD', headers: { authorization: `Bearer ${token}` } })
  expect(head.status).toBe(404)
})

test('a spreadsheet takes nothing in the CSV for a formula', async () => {
  const csv = await text(app.admin, `?format=csv&tenantId=${own}&action=THING_DONE`)
  const found = parse<Record<string, string>>(csv, { columns: true })
  expect(found).toHaveLength(11)
  for (const value of found.flatMap((row) => Object.values(row))) expect(value).not.toMatch(/^[=+\-@\t\r]/)
  expect(await text(owner, '?format=csv')).not.toContain('pve1')
})

test('filters narrow an export, and another tenant cannot be named', async () => {
  const found = await linesOf(app.admin, `?tenantId=${other}&action=THING_DONE`)
  expect(events(found)).toHaveLength(4)
  expect((await owner.get(`/api/admin/audit/events/export?tenantId=${other}`)).status).toBe(404)
})

test('an export is an event itself, and asks a session for a fresh proof', async () => {
  const { body } = await app.admin.get<{ items: { details: object }[] }>(
    `/api/admin/audit/events?action=AUDIT_EXPORTED&tenantId=${own}`,
  )
  expect(body.items[0]?.details).toMatchObject({ format: 'csv' })
  const { api } = await session(app, (await person(app, 'TENANT_OWNER', own)).email)
  app.clock.offsetMs = 11 * 60_000
  const refused = await api.get<{ code: string }>('/api/admin/audit/events/export')
  app.clock.offsetMs = 0
  expect(refused.body.code).toBe('step_up_required')
  const { api: narrow } = await keyOf(app, 'admin@example.com', { scopes: ['audit:read'] })
  expect((await narrow.get('/api/admin/audit/events/export')).status).toBe(403)
})

test('a path proves a leaf in a tree of any size, and no other', () => {
  for (const size of [1, 2, 3, 5, 8, 13, 100]) {
    const bytes = (hex: string) => Buffer.from(hex, 'hex')
    const leaves = Array.from({ length: size }, (_, index) => bytes(leafHash(`${index}`)))
    const root = merkleRoot(Buffer.concat(leaves))
    const prove = merkleProver(Buffer.concat(leaves))
    for (const [index, leaf] of leaves.entries()) {
      expect(rootOf(leaf, prove(index), index, size)).toEqual(root)
      expect(rootOf(bytes(leafHash('x')), prove(index), index, size)).not.toEqual(root)
      expect(rootOf(leaf, prove(index).slice(1), index, size)?.equals(root) ?? false).toBe(size === 1)
    }
  }
})
