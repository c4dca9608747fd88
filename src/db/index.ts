import { CompiledQuery, Kysely, PostgresDialect, sql } from 'kysely'
import { DatabaseError, Pool, types as pgTypes } from 'pg'
import { isUuid } from '../lib/ids.ts'
import { isStalePlan, preparing } from '../lib/preparing.ts'
import { AHEAD } from './provisioningClock.ts'
import type { Tables } from './types.ts'

/** A query builder inside a running transaction. Everything in src/db takes one. */
export type Tx = Kysely<Tables>

/** What row-level security lets a transaction see: everything, or the rows of these tenants. */
export type Scope = 'platform' | readonly string[]

export type Database = {
  readonly pool: Pool
  /**
   * Runs `work` in one transaction of this scope. It may run again from the start after a deadlock or a serialisation
   * failure, so it must have no effect outside the transaction.
   */
  transaction<T>(scope: Scope, work: (tx: Tx) => Promise<T>): Promise<T>
  /** Runs `work` in one transaction that only reads and sees the database as it was at one moment, however long it takes. */
  snapshot<T>(scope: Scope, work: (tx: Tx) => Promise<T>): Promise<T>
  /**
   * Runs `work` with a database of its own, whose transactions are parts of a single one that is never committed: it sees
   * what it writes, and nobody else ever does. Rows that it changes stay locked until it ends; for those of others it
   * waits two seconds.
   */
  rehearsal<T>(work: (db: Database) => Promise<T>): Promise<T>
  close(): Promise<void>
}

const { builtins } = pgTypes
const UUIDS = 2951
const parsers = new Map<number, (value: string) => unknown>([
  [UUIDS, uuidsOf],
  [builtins.INT8, (value) => BigInt(value)],
  [builtins.DATE, (value) => value],
])
/** They stand without quotes, of one dimension: many times as fast as the parser for any array. */
function uuidsOf(value: string): (string | null)[] {
  const parts = value === '{}' ? [] : value.slice(1, -1).split(',')
  return value.includes('NULL') ? parts.map((part) => (part === 'NULL' ? null : part)) : parts
}
const types = {
  getTypeParser: ((oid: Parameters<typeof pgTypes.getTypeParser>[0], format?: 'text') =>
    parsers.get(oid) ?? pgTypes.getTypeParser(oid, format)) as typeof pgTypes.getTypeParser,
}

/** The role without ownership that row-level security binds; see migrations/0001. */
const SESSION =
  '-c role=mpanel_app -c timezone=UTC -c statement_timeout=60000 -c idle_in_transaction_session_timeout=60000'

/** Opens a pool whose sessions work as the unprivileged role. Nothing connects before the first query. */
export function openDatabase(
  url: string,
  options: {
    poolSize?: number
    applicationName?: string
    /** Its sessions go by the simulated clock: see provisioningClock.ts. */
    isAhead?: boolean
  } = {},
): Database {
  const pool = new Pool({
    connectionString: url,
    max: options.poolSize ?? 10,
    options: options.isAhead ? `${SESSION} ${AHEAD}` : SESSION,
    application_name: options.applicationName ?? 'mpanel',
    connectionTimeoutMillis: 10_000,
    types,
  })
  // A connection that breaks is replaced by the pool; the error must only not be fatal, in use (where the pool does not listen)
  // as little as idle.
  pool.on('connect', (client) => client.on('error', () => undefined))
  pool.on('error', () => undefined)
  const kysely = new Kysely<Tables>({ dialect: new PostgresDialect({ pool: preparing(pool) }) })
  return {
    pool,
    transaction: (scope, work) => retrying(() => kysely.connection().execute((tx) => runIn(tx, scope, work))),
    snapshot: (scope, work) => kysely.connection().execute((tx) => runIn(tx, scope, work, SNAPSHOT)),
    rehearsal: (work) =>
      kysely.connection().execute(async (tx) => {
        await tx.executeQuery(CompiledQuery.raw(`begin; set local lock_timeout = '2s'`))
        try {
          return await work(rehearsed(pool, tx))
        } finally {
          await sql`rollback`.execute(tx).catch(() => undefined)
        }
      }),
    close: () => kysely.destroy(),
  }
}

/** One after the other, since they share a connection; each is a savepoint, with the scope that it was given. */
function rehearsed(pool: Pool, tx: Tx): Database {
  let last: Promise<unknown> = Promise.resolve()
  const transaction: Database['transaction'] = (scope, work) => {
    const next = last.then(() => inSavepoint(tx, scope, work))
    last = next.catch(() => undefined)
    return next
  }
  return {
    pool,
    transaction,
    snapshot: transaction,
    rehearsal: (work) => work(rehearsed(pool, tx)),
    close: () => Promise.resolve(),
  }
}

async function inSavepoint<T>(tx: Tx, scope: Scope, work: (tx: Tx) => Promise<T>): Promise<T> {
  await tx.executeQuery(CompiledQuery.raw(`savepoint part; ${scopeStatement(scope)}`))
  try {
    const result = await work(tx)
    await sql`set constraints all immediate`.execute(tx)
    await tx.executeQuery(CompiledQuery.raw('set constraints all deferred; release savepoint part'))
    return result
  } catch (error) {
    await tx.executeQuery(CompiledQuery.raw('rollback to savepoint part; release savepoint part'))
    throw error
  }
}

/** One round trip: both statements go in one simple query. */
const beginStatement = (scope: Scope, mode: string): string => `begin ${mode}; ${scopeStatement(scope)}`

/** Sets both, since a rehearsal goes from one scope to another. The ids are checked before they are put into the text. */
function scopeStatement(scope: Scope): string {
  const tenants = scope === 'platform' ? [] : scope
  const bad = tenants.find((id) => !isUuid(id))
  if (bad !== undefined) throw new TypeError('tenant scope holds something that is not a UUID')
  return `select set_config('app.scope', '${scope === 'platform' ? scope : ''}', true), set_config('app.tenants', '{${tenants.join(',')}}', true)`
}

const SNAPSHOT = 'isolation level repeatable read read only'

async function runIn<T>(tx: Tx, scope: Scope, work: (tx: Tx) => Promise<T>, mode = ''): Promise<T> {
  await tx.executeQuery(CompiledQuery.raw(beginStatement(scope, mode)))
  try {
    const result = await work(tx)
    await sql`commit`.execute(tx)
    return result
  } catch (error) {
    // The connection may be what broke; the first error is the one that tells.
    await sql`rollback`.execute(tx).catch(() => undefined)
    throw error
  }
}

const RETRYABLE = new Set(['40001', '40P01'])

async function retrying<T>(run: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await run()
    } catch (error) {
      if (attempt >= 4 || !(RETRYABLE.has(sqlState(error) ?? '') || isStalePlan(error))) throw error
    }
  }
}

/** The SQLSTATE of a database error, if it is one. */
const sqlState = (error: unknown): string | undefined =>
  error instanceof DatabaseError ? error.code : undefined

/** The name of the violated constraint when `error` is a unique or exclusion violation. */
export const violatedConstraint = (error: unknown): string | undefined =>
  error instanceof DatabaseError && (error.code === '23505' || error.code === '23P01')
    ? error.constraint
    : undefined

/** Whether a row was refused that contradicts others, or itself, by any constraint. */
export const isAgainstConstraint = (error: unknown): boolean => sqlState(error)?.startsWith('23') ?? false

/** Whether a row that something else points to, or that points to nothing, was refused. */
export const isForeignKeyViolation = (error: unknown): boolean => sqlState(error) === '23503'
