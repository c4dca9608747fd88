import { Client } from 'pg'
import { newId } from '../src/lib/ids.ts'
import { openBenchDatabase } from './database.ts'
import { median, ms, table, timed } from './measure.ts'

const CERTIFICATES = 200_000
const ROUNDS = 7

/** Of 200,000 certificates, which are due: for renewal, for a question to their CA, for a look at their servers. */
export async function sslRenewals(): Promise<void> {
  const database = await openBenchDatabase()
  const client = new Client({ connectionString: database.ownerUrl })
  await client.connect()
  const run = (text: string, values: unknown[] = []) => client.query<{ 'QUERY PLAN': string }>(text, values)
  const tenant = newId()
  await run(`select set_config('app.scope', 'platform', false)`)
  await run(
    `insert into tenants (id, name, slug, billing_tz, default_currency, created_at, updated_at)
     values ($1, 'bench', 'bench', 'UTC', 'EUR', now(), now())`,
    [tenant],
  )
  // A day's share of certificates of 90 days is due.
  await run(
    `insert into ssl_certificates (id, tenant_id, names, name_set, source, state, version_id, not_after, due_at, ari_poll_at,
       checked_at, created_at, updated_at)
     select gen_random_uuid(), $1, array['h' || n || '.example.com'], encode(sha256(n::text::bytea), 'hex'), 'issued', 'issued',
       gen_random_uuid(), now() + n % 90 * interval '1 day', now() + (n % 60 - 1) * interval '1 day',
       now() + n % 21600 * interval '1 second', now() - n % 21600 * interval '1 second', now(), now()
     from generate_series(1, ${CERTIFICATES}) n`,
    [tenant],
  )
  await run('vacuum analyze ssl_certificates')
  const due = `select id from ssl_certificates where action is null and state in ('pending', 'issued') and due_at <= now()
    order by due_at`
  const sides: [string, string][] = [
    ['the 200 most urgent renewals (one turn)', `${due} limit 200 for update skip locked`],
    ['every renewal that is due', due],
    [
      'the next 400 questions to CAs',
      `select id from ssl_certificates where state = 'issued' and ari_poll_at <= now() + interval '1 minute'
        order by ari_poll_at limit 400 for update skip locked`,
    ],
    [
      'all due times planned anew',
      `update ssl_certificates set due_at = created_at + (not_after - created_at) * 2 / 3`,
    ],
  ]
  const rows: string[][] = []
  for (const [name, text] of sides.slice(0, -1)) {
    const { rows: plan } = await run(`explain ${text}`)
    if (plan.some((line) => line['QUERY PLAN'].includes('Seq Scan')))
      throw new Error(`${name}: it reads the whole table`)
  }
  for (const [name, text] of sides) {
    const figures: number[] = []
    const rounds = text.startsWith('update') ? 1 : ROUNDS
    for (let round = 0; round < rounds; round++) figures.push((await timed(() => run(text))).ms)
    rows.push([name, ms(median(figures)), ms(Math.max(...figures))])
  }
  table([`of ${CERTIFICATES.toLocaleString('en')} certificates`, 'median ms', 'worst ms'], rows)
  await client.end()
  await database.close()
}
