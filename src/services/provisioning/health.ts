import type { Root } from '../../context.ts'
import { schemaState } from '../../db/migrate.ts'

/** `ok`, or why this process should get no requests. */
export async function readiness(root: Root): Promise<string> {
  try {
    const schema = await schemaState(root.db.pool)
    return schema === 'current' ? 'ok' : `the database schema is ${schema}`
  } catch {
    return 'the database cannot be reached'
  }
}
