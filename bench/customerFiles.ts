import { readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { CustomerImport } from '../shared/api/customerFiles.ts'
import { systemOrigin, transaction } from '../src/context.ts'
import { newId } from '../src/lib/ids.ts'
import * as tenantService from '../src/services/tenantService.ts'
import * as userService from '../src/services/userService.ts'
import { execute, openBenchDatabase, type BenchDatabase } from './database.ts'
import { table, timed } from './measure.ts'
import { depsOf } from './podListData.ts'
import { serve, work } from './program.ts'

/** The same work ten times as large: memory that grows with it would show. */
const EXPORTED = [10_000, 100_000]
const IMPORTED = [5_000, 50_000]
const EVERY_MS = 50
/** Little, so that what is measured is what is needed, not what Node leaves lying while there is room. */
const LIMIT = { heapMb: 160 }

type Owner = { tenantId: string; authorization: string }

/** A tenant of its own for each measurement. */
async function newOwner(database: BenchDatabase): Promise<Owner> {
  const deps = depsOf(database)
  const made = await transaction(deps.root, systemOrigin('bench', newId()), 'platform', async (ctx) => {
    const slug = `tenant-${newId().slice(-12)}`
    const tenant = await tenantService.create(ctx, {
      name: slug,
      slug,
      billingTz: 'UTC',
      defaultCurrency: 'EUR',
    })
    const email = `${slug}@example.com`
    const person = { email, name: slug, password: `large and full ${newId()}` }
    await userService.createUser(ctx, { ...person, role: 'TENANT_OWNER', tenantId: tenant.id })
    const key = await userService.createApiKey(ctx, {
      email,
      name: 'bench',
      tenantId: null,
      scopes: ['customers:import', 'customers:export'],
      days: 1,
    })
    return { tenantId: tenant.id, authorization: `Bearer ${key.token}` }
  })
  await deps.close()
  return made
}

const mb = (kb: number): number => kb / 1024
const field = (pid: number, name: string): number =>
  mb(Number(new RegExp(`${name}:\\s+(\\d+)`).exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]))

type Memory = { before: number; peak: number; quarters: number[] }

/** The resident memory of a process while something happens: before, at most, and at each quarter of the time. */
async function memoryOf(pid: number, during: () => Promise<void>): Promise<Memory> {
  const before = field(pid, 'VmRSS')
  // The kernel keeps the highest value; this sets it back.
  writeFileSync(`/proc/${pid}/clear_refs`, '5')
  const seen: number[] = []
  const watching = setInterval(() => seen.push(field(pid, 'VmRSS')), EVERY_MS)
  await during()
  clearInterval(watching)
  const quarters = [0.25, 0.5, 0.75, 1].map((part) => seen[Math.ceil(seen.length * part) - 1] ?? Number.NaN)
  return { before, peak: field(pid, 'VmHWM'), quarters }
}

function row(name: string, rows: number, ms: number, { before, peak, quarters }: Memory): string[] {
  const memory = [before, ...quarters, peak].map((value) => `${Math.round(value)}`)
  const cells = [name, String(rows), `${(ms / 1000).toFixed(1)} s`, `${Math.round((rows * 1000) / ms)}`]
  // The larger ones take minutes.
  console.log([...cells, ...memory].join(' '))
  return [...cells, ...memory]
}

/** An export through the running server, read as fast as it comes. */
async function measureExport(database: BenchDatabase, rows: number): Promise<string[]> {
  const { tenantId, authorization } = await newOwner(database)
  await execute(
    database.ownerUrl,
    `insert into customers (id, tenant_id, name, company, email, currency, tags, created_at, updated_at)
      select gen_random_uuid(), $1, 'Customer ' || n, 'Company ' || n, 'customer' || n || '@example.com', 'EUR',
        '{newsletter,vip}', now(), now() from generate_series(1, $2::int) n`,
    [tenantId, rows],
  )
  await execute(database.ownerUrl, 'vacuum analyze customers')
  const server = await serve(database, LIMIT)
  const path = `/api/admin/customers/export?tenantId=${tenantId}`
  let lines = 0
  const { ms, result } = await timed(() =>
    memoryOf(server.pid, async () => {
      const answer = await fetch(server.url + path, { headers: { authorization } })
      for await (const part of answer.body ?? [])
        lines += Buffer.from(part).toString('latin1').split('\r\n').length - 1
    }),
  )
  await server.stop()
  if (lines !== rows + 1) throw new Error(`${lines} lines came for ${rows} customers`)
  return row('export: server', rows, ms, result)
}

const HEAD = 'externalRef,kind,name,company,email,country,tags\n'

/** Upload, check and import: the server takes the file, a worker in a process of its own does the rest. */
async function measureImport(database: BenchDatabase, rows: number): Promise<string[][]> {
  const { tenantId, authorization } = await newOwner(database)
  const lines = Array.from(
    { length: rows },
    (_, n) => `R-${n},company,Customer ${n},Company ${n},customer${n}@example.com,IT,newsletter;vip\n`,
  )
  const file = Buffer.from(HEAD + lines.join(''))
  const server = await serve(database, LIMIT)
  const headers = { authorization, 'content-type': 'text/csv' }
  let made: CustomerImport | undefined
  const uploading = await timed(() =>
    memoryOf(server.pid, async () => {
      const path = `/api/admin/tenants/${tenantId}/customer-imports`
      const answer = await fetch(server.url + path, { method: 'POST', headers, body: file })
      made = (await answer.json()) as CustomerImport
    }),
  )
  if (!made) throw new Error('the file was not uploaded')
  const path = `${server.url}/api/admin/customer-imports/${made.id}`
  const until = async (state: CustomerImport['state']): Promise<void> => {
    for (;;) {
      const now = (await (await fetch(path, { headers: { authorization } })).json()) as CustomerImport
      if (now.state === state) return
      if (now.state === 'failed') throw new Error(now.problem ?? '')
      await sleep(EVERY_MS)
    }
  }
  const worker = await work(database, LIMIT)
  const checking = await timed(() => memoryOf(worker.pid, () => until('checked')))
  const started = {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json' },
    body: '{}',
  }
  const importing = await timed(() =>
    memoryOf(worker.pid, async () => {
      await fetch(`${path}/start`, started)
      await until('done')
    }),
  )
  await worker.stop()
  await server.stop()
  return [
    row('upload: server', rows, uploading.ms, uploading.result),
    row('check: worker', rows, checking.ms, checking.result),
    row('import: worker', rows, importing.ms, importing.result),
  ]
}

/** How much memory the files of customers take, each measurement in new processes. */
export async function customerFiles(): Promise<void> {
  const database = await openBenchDatabase()
  try {
    const measured: string[][] = []
    for (const rows of EXPORTED) measured.push(await measureExport(database, rows))
    for (const rows of IMPORTED) measured.push(...(await measureImport(database, rows)))
    table(
      ['', 'rows', 'time', 'rows/s', 'MiB before', 'at 1/4', 'at 2/4', 'at 3/4', 'at the end', 'peak'],
      measured,
    )
  } finally {
    await database.close()
  }
}
