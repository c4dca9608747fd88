import { Agent } from 'node:http'
import { Client, Pool } from 'pg'
import { CUSTOMERS, fillCustomers, TENANTS, type Caller } from './customersData.ts'
import { execute, openBenchDatabase, type BenchDatabase } from './database.ts'
import { interleaved, median, medianRatio, ms, percentile, table, timed, times } from './measure.ts'
import { httpCall } from './podList.ts'
import { capture, type Captured } from './podListData.ts'
import { serve } from './program.ts'

const ROUNDS = 5
const REQUESTS = 20
const BIG =
  /Seq Scan on (customers|customer_contacts|cloud_pods|ip_addresses|invoices|subscriptions|cloud_pod_queue|search_words)\b/

type Case = { name: string; path: string; wanted: string }

const LIST = '/api/admin/customers?limit=50'
const list = (name: string, query: string): Case => ({
  name,
  path: `${LIST}${query}`,
  wanted: 'from "customers"',
})
const search = (name: string, q: string): Case => ({
  name: `search: ${name}`,
  path: `/api/admin/search?q=${encodeURIComponent(q)}`,
  wanted: 'search_customers(',
})

/** Pages and searches as people ask for them, and the worst that we know. */
async function casesOf(database: BenchDatabase, { tenantId }: Caller): Promise<Case[]> {
  const [facts] = await execute<{ id: string; deep: string; group_id: string; email: string }>(
    database.ownerUrl,
    `with own as (select * from customers where $1::uuid is null or tenant_id = $1 order by id limit 100000)
     select (array_agg(id order by id desc))[1] as id, (array_agg(email order by id desc))[1] as email,
       percentile_disc(0.5) within group (order by id) as deep,
       coalesce((select group_id from own where group_id is not null limit 1), gen_random_uuid()) as group_id from own`,
    [tenantId],
  )
  if (!facts) throw new Error('there are no customers')
  const customer = `/api/admin/customers/${facts.id}`
  return [
    list('list: first page', ''),
    list('list: upwards', '&sort=createdAt'),
    list('list: deep', `&cursor=${facts.deep}`),
    list('list: closed', '&state=closed'),
    list('list: a group', `&groupId=${facts.group_id}`),
    list('list: common tag', '&tag=newsletter'),
    list('list: rare tag', '&tag=vip'),
    list('list: common word', '&q=anna'),
    list('list: less common word', '&q=bianch'),
    list('list: rare word', '&q=bianchunson'),
    list('list: two words', '&q=anna%20schmid'),
    list('list: no hit', '&q=qqqxyz'),
    { name: 'customer', path: customer, wanted: 'from "customers"' },
    { name: 'customer: statistics', path: `${customer}/statistics`, wanted: 'with sums' },
    search('common word', 'anna'),
    search('one letter', 'x'),
    search('two words', 'anna schmid'),
    search('e-mail', facts.email),
    search('a typo', 'schmdihofer'),
    search('two typos', 'fransois parkertn'),
    search('host name', 'web30000'),
    search('network', '10.0.0.0/24'),
    search('invoice', 'INV-0050001'),
    search('no hit', 'qqqxyz'),
  ]
}

const scopeOf = ({ tenantId }: Caller): string =>
  tenantId === null ? '-c app.scope=platform' : `-c app.tenants={${tenantId}}`

/** Every plan of a statement, those inside of functions too, as the server's role in the caller's scope. */
async function plansOf(database: BenchDatabase, caller: Caller, { text, values }: Captured): Promise<string> {
  const client = new Client({ connectionString: database.ownerUrl, options: scopeOf(caller) })
  const plans: string[] = []
  client.on('notice', ({ message }) => plans.push(message ?? ''))
  await client.connect()
  try {
    await client.query(`load 'auto_explain'; set auto_explain.log_min_duration = 0; set auto_explain.log_nested_statements = on;
      set client_min_messages = log; set role mpanel_app`)
    await client.query(text, values)
  } finally {
    await client.end()
  }
  return plans.join('\n')
}

async function measure(database: BenchDatabase, url: string, caller: Caller): Promise<string[][]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const pool = new Pool({
    connectionString: database.url,
    max: 1,
    options: `-c role=mpanel_app -c timezone=UTC ${scopeOf(caller)}`,
  })
  try {
    return await measureAll(database, url, caller, { agent, pool })
  } finally {
    agent.destroy()
    await pool.end()
  }
}

async function measureAll(
  database: BenchDatabase,
  url: string,
  caller: Caller,
  { agent, pool }: { agent: Agent; pool: Pool },
): Promise<string[][]> {
  const rows: string[][] = []
  for (const { name, path, wanted } of await casesOf(database, caller)) {
    const { list: statement, items } = await capture(database, caller.key, path, wanted)
    const whole = BIG.exec(await plansOf(database, caller, statement))
    if (whole) throw new Error(`${name} for ${caller.name}: ${whole[0]} reads a whole table`)
    const page = httpCall(url + path, { authorization: `Bearer ${caller.key}` }, agent)
    const sides = [
      { name: 'page', measure: () => each(page) },
      {
        name: 'sql',
        measure: () => each(async () => void (await pool.query(statement.text, statement.values))),
      },
    ]
    for (const side of sides) await side.measure()
    const figures = await interleaved(ROUNDS, sides)
    const of = (side: string): number[][] => figures.get(side) ?? []
    const medians = (side: string): number[] => of(side).map((round) => median(round))
    rows.push([
      name,
      caller.name,
      String(items),
      ms(median(medians('page'))),
      ms(percentile(of('page').flat(), 95)),
      ms(median(medians('sql'))),
      times(medianRatio(medians('page'), medians('sql'))),
    ])
  }
  return rows
}

async function each(call: () => Promise<void>): Promise<number[]> {
  const taken: number[] = []
  for (let n = 0; n < REQUESTS; n++) taken.push((await timed(call)).ms)
  return taken
}

/** A million customers through the running server, against its own statements by the bare driver as the same role. */
export async function customers(): Promise<void> {
  const database = await openBenchDatabase()
  try {
    const { ms: filled, result: callers } = await timed(() => fillCustomers(database))
    console.log(
      `PostgreSQL ${database.version}, fsync on; ${CUSTOMERS} customers of ${TENANTS} tenants, made in ${(filled / 1000).toFixed(0)} s`,
    )
    await compareAll(database, callers)
  } finally {
    await database.close()
  }
}

async function compareAll(database: BenchDatabase, callers: Caller[]): Promise<void> {
  const server = await serve(database)
  try {
    const rows: string[][] = []
    for (const caller of callers) rows.push(...(await measure(database, server.url, caller)))
    table(['', 'as', 'items', 'page ms', 'p95 ms', 'bare SQL ms', 'page / SQL'], rows)
    console.log('no plan reads a whole table')
  } finally {
    await server.stop()
  }
}
