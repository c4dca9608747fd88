import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { migrate } from '../src/db/migrate.ts'
import { startEmbeddedPostgres } from '../src/lib/embeddedPostgres.ts'

export type BenchDatabase = {
  /** As a server logs in. */
  url: string
  ownerUrl: string
  dataDir: string
  version: string
  close: () => Promise<void>
}

/**
 * A migrated database on the embedded PostgreSQL, durable as in production, in a folder of its own on disk.
 * @param kept a folder that stays, with what an earlier run has put into the database
 */
export async function openBenchDatabase(kept?: string): Promise<BenchDatabase> {
  const dataDir = kept ?? (await mkdtemp(join(tmpdir(), 'mpanel-bench-')))
  const postgres = await startEmbeddedPostgres({ dataDir, log: () => {} })
  await migrate(postgres.ownerUrl)
  const [row] = await execute<{ version: string }>(
    postgres.ownerUrl,
    `select current_setting('server_version') as version`,
  )
  return {
    url: postgres.url,
    ownerUrl: postgres.ownerUrl,
    dataDir,
    version: row?.version ?? 'unknown',
    close: async () => {
      await postgres.stop()
      if (kept === undefined) await rm(dataDir, { recursive: true, force: true })
    },
  }
}

/** Runs statements as the owner of the database, who sees every tenant once he says so. */
export async function execute<T>(url: string, sql: string, values?: unknown[]): Promise<T[]> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(`set app.scope = 'platform'`)
    return (await client.query<T & Record<string, unknown>>(sql, values)).rows
  } finally {
    await client.end()
  }
}
