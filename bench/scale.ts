import { Agent } from 'node:http'
import { execute, openBenchDatabase, type BenchDatabase } from './database.ts'
import { median, ms, percentile, table, timed } from './measure.ts'
import { httpCall } from './podList.ts'
import { serve } from './program.ts'
import { casesOf, factsOf, type Case } from './scaleCases.ts'
import { callersOf, fillScale, type Caller } from './scaleData.ts'
import { planned, scansOf, type Asked } from './scalePlans.ts'

/** A tenth or less for a look at it: `SCALE=0.01 npm run bench scale`. */
const SCALE = Number(process.env['SCALE'] ?? 1)
/** A folder that keeps the data for another run: `SCALE_DATA=/srv/scale npm run bench scale`. */
const KEPT = process.env['SCALE_DATA']
/** Only operations of such a name, and callers: `SCALE_ONLY='listJobs|search' SCALE_AS=platform`. */
const ONLY = new RegExp(process.env['SCALE_ONLY'] ?? '')
const AS = new RegExp(process.env['SCALE_AS'] ?? '')
const SIZES = {
  tenants: 100_000 * SCALE,
  customers: 1_000_000 * SCALE,
  pods: 1_000_000 * SCALE,
  events: 20_000_000 * SCALE,
  months: 13,
}
const REQUESTS = Number(process.env['SCALE_REQUESTS'] ?? 20)
/** Statements are planned anew a few times before PostgreSQL may keep a plan for any value. */
const WARM = Math.min(8, REQUESTS)
/** A table is large from here on; from so many rows on, reading of it is reported. */
const LARGE = 50_000 * SCALE
const MANY = 25_000

/** Every list, search and figure of a large installation: how long it takes, and what it reads. */
export async function scale(): Promise<void> {
  const database = await openBenchDatabase(KEPT)
  try {
    const [there] = await execute(database.ownerUrl, `select from tenants where slug = 'tenant-1'`)
    if (!there) await fillScale(database, SIZES, console.log)
    await ask(database)
  } finally {
    await database.close()
  }
}

async function ask(database: BenchDatabase): Promise<void> {
  const tenants = await execute<{ id: string }>(
    database.ownerUrl,
    `select id from tenants where slug like 'tenant-%' order by id limit 3`,
  )
  const [biggest = '', smallest = ''] = tenants.map(({ id }) => id)
  const callers = await callersOf(database, { platform: null, biggest, smallest })
  const large = new Set(
    (
      await execute<{ relname: string }>(
        database.ownerUrl,
        `select relname from pg_class where relkind = 'r' and reltuples >= $1`,
        [LARGE],
      )
    ).map(({ relname }) => relname),
  )
  const server = await serve(database)
  const plans = await planned(database)
  const rows: string[][] = []
  try {
    for (const caller of callers.filter(({ name }) => AS.test(name))) {
      const cases = casesOf(
        plans.document,
        await factsOf(database.ownerUrl, caller.tenantId),
        caller.tenantId === null,
      )
      for (const one of cases.filter(({ operation }) => ONLY.test(operation))) {
        let asked: Asked | undefined
        for (let n = 0; n < WARM; n++) asked = await plans.ask(one.path, caller.key)
        // What needs a permission that the caller has not, or a session.
        if (!asked || asked.status === 403 || asked.status === 404) continue
        if (asked.status !== 200) throw new Error(`${one.path}: ${asked.status} ${asked.body}`)
        const row = [...(await measure(server.url, caller, one)), ...readBy(asked, large)]
        console.log(row.join(' | '))
        rows.push(row)
      }
    }
  } finally {
    await plans.close()
    await server.stop()
  }
  table(['', '', 'as', 'least ms', 'p50 ms', 'p95 ms', 'reads whole', 'rows read'], rows)
}

async function measure(url: string, caller: Caller, { operation, what, path }: Case): Promise<string[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const call = httpCall(url + path, { authorization: `Bearer ${caller.key}` }, agent)
  const taken: number[] = []
  for (let n = 0; n < WARM + REQUESTS; n++) taken.push((await timed(call)).ms)
  agent.destroy()
  const times = taken.slice(WARM)
  return [operation, what, caller.name, ms(Math.min(...times)), ms(median(times)), ms(percentile(times, 95))]
}

/** The large tables that were read whole, and those of which a single step read many rows. */
function readBy({ plans }: Asked, large: ReadonlySet<string>): string[] {
  const scans = scansOf(plans)
  const whole = scans.filter((one) => one.how === 'Seq Scan' && large.has(one.table) && one.rows > MANY)
  const many = scans.filter(({ how, rows }) => how !== 'Seq Scan' && rows > MANY)
  return [
    [...new Set(whole.map((one) => one.table))].join(', '),
    [...new Set(many.map((one) => `${one.how} ${one.table}: ${one.rows}`))].join(', '),
  ]
}
