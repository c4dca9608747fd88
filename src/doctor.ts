import type { Config } from './config.ts'
import { systemOrigin, transaction } from './context.ts'
import { schemaState } from './db/migrate.ts'
import { createDeps } from './deps.ts'
import * as provisioningService from './services/provisioningService.ts'

/** Runs every check and says, for each that fails, what to do. @returns whether all passed */
export async function doctor(config: Config, say: (line: string) => void): Promise<boolean> {
  let healthy = true
  const check = async (name: string, run: () => Promise<string>): Promise<boolean> => {
    try {
      say(`ok    ${name}: ${await run()}`)
      return true
    } catch (error) {
      healthy = false
      say(`FAIL  ${name}: ${(error as Error).message}`)
      return false
    }
  }
  await check('node', async () => process.version)
  const { databaseUrl } = config
  if (databaseUrl === undefined) {
    say(
      '      database: DATABASE_URL is not set; `mpanel start` uses its own PostgreSQL, other commands need one',
    )
    return healthy
  }
  const { root, close } = createDeps(config, databaseUrl)
  try {
    const reachable = await check('database', async () => {
      const { rows } = await root.db.pool.query<{ version: string }>(
        `select current_setting('server_version') as version`,
      )
      return `PostgreSQL ${rows[0]?.version}`
    })
    if (!reachable) return false
    const current = await check('schema', async () => {
      const state = await schemaState(root.db.pool)
      if (state !== 'current')
        throw new Error(`it is ${state}; run \`mpanel migrate\` with the newest version you have`)
      return state
    })
    if (!current) return false
    const asDoctor = <T>(work: Parameters<typeof transaction<T>>[3]) =>
      transaction(root, systemOrigin('doctor', 'doctor'), 'platform', work)
    const clusters = await asDoctor((ctx) =>
      provisioningService.listClusters(ctx, { limit: 200, sort: 'createdAt' }),
    )
    for (const cluster of clusters.items) {
      await check(`cluster ${cluster.name}`, async () => {
        const proxmox = root.vendors.proxmox(
          await asDoctor((ctx) => provisioningService.clusterConnection(ctx, cluster.id)),
        )
        const answer = await proxmox.version()
        if (answer.outcome === 'ok') return `Proxmox VE ${answer.value.version}`
        throw new Error('message' in answer ? answer.message : answer.outcome)
      })
    }
    return healthy
  } finally {
    await close()
  }
}
