import { Agent, get } from 'node:http'
import { Pool } from 'pg'
import { openBenchDatabase, type BenchDatabase } from './database.ts'
import { interleaved, median, medianRatio, ms, table, times } from './measure.ts'
import { capture, fill, type Captured } from './podListData.ts'
import { serve } from './program.ts'

const ROUNDS = 7
const REQUESTS = 400
const CONNECTIONS = [1, 8]
const PAGE = '/api/admin/hosting/cloudpods?limit=50'

/** Mean milliseconds a call as its caller sees them, with `width` callers that each send the next when one is answered. */
async function load(width: number, call: () => Promise<void>): Promise<number> {
  let left = REQUESTS
  const begun = performance.now()
  const caller = async (): Promise<void> => {
    while (left-- > 0) await call()
  }
  await Promise.all(Array.from({ length: width }, caller))
  return ((performance.now() - begun) * width) / REQUESTS
}

export function httpCall(url: string, headers: Record<string, string>, agent: Agent): () => Promise<void> {
  return () =>
    new Promise((resolve, reject) => {
      get(url, { headers, agent }, (response) => {
        response.resume()
        response.once('end', () =>
          response.statusCode === 200 ? resolve() : reject(new Error(`${url}: ${response.statusCode}`)),
        )
      }).once('error', reject)
    })
}

/** The server's own statement by the bare driver, as the server's role, in the tenant's scope. */
function sqlPool(database: BenchDatabase, tenantId: string, width: number): Pool {
  return new Pool({
    connectionString: database.url,
    max: width,
    options: `-c role=mpanel_app -c timezone=UTC -c app.tenants={${tenantId}}`,
  })
}

async function explain(pool: Pool, { text, values }: Captured): Promise<void> {
  const { rows } = await pool.query<{ 'QUERY PLAN': string }>(`explain (analyze, buffers) ${text}`, values)
  const plan = rows.map((row) => row['QUERY PLAN'])
  console.log(`\nthe plan of the list, as mpanel_app in the scope of one tenant:\n${plan.join('\n')}\n`)
  if (plan.some((line) => /Seq Scan on (cloud_pods|ip_addresses)/.test(line)))
    throw new Error('the list reads a whole table')
}

async function compare(url: string, key: string, database: BenchDatabase, tenantId: string, width: number) {
  const agent = new Agent({ keepAlive: true, maxSockets: width })
  const headers = { authorization: `Bearer ${key}` }
  const pool = sqlPool(database, tenantId, width)
  const { list, items } = await capture(database, key, PAGE)
  if (items !== 50) throw new Error('the page has not 50 pods')
  const sides = {
    list: httpCall(url + PAGE, headers, agent),
    sql: async () => void (await pool.query(list.text, list.values)),
    // A route without a database: what HTTP itself costs here.
    http: httpCall(`${url}/healthz`, {}, agent),
  }
  const measured = Object.entries(sides).map(([name, call]) => ({ name, measure: () => load(width, call) }))
  for (const side of measured) await side.measure()
  const figures = await interleaved(ROUNDS, measured)
  if (width === 1) await explain(pool, list)
  agent.destroy()
  await pool.end()
  const of = (name: keyof typeof sides): number[] => figures.get(name) ?? []
  const inner = of('list').map((value, round) => value - (of('http')[round] ?? 0))
  return { list: of('list'), sql: of('sql'), http: of('http'), inner }
}

export async function podList(): Promise<void> {
  const database = await openBenchDatabase()
  try {
    const { tenantId, key, pods, tenants } = await fill(database)
    console.log(`PostgreSQL ${database.version}, fsync on; ${pods} pods of ${tenants} tenants`)
    const { statements } = await capture(database, key, PAGE, 'from "cloud_pods"')
    console.log('\none request is these statements, each a round trip:')
    for (const { text } of statements) console.log(`  ${text.replaceAll(/\s+/g, ' ').trim().slice(0, 100)}`)
    const server = await serve(database)
    const rows: string[][] = []
    for (const width of CONNECTIONS) {
      const { list, sql, http, inner } = await compare(server.url, key, database, tenantId, width)
      rows.push([
        String(width),
        ...[list, sql, http, inner].map((values) => ms(median(values))),
        times(medianRatio(list, sql)),
        times(medianRatio(inner, sql)),
        ((width * 1_000) / median(list)).toFixed(0),
      ])
    }
    await server.stop()
    table(
      [
        'connections',
        'page ms',
        'bare SQL ms',
        'HTTP alone ms',
        'page less HTTP ms',
        'page / SQL',
        'page less HTTP / SQL',
        'pages/s',
      ],
      rows,
    )
  } finally {
    await database.close()
  }
}
