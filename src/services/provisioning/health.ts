import type { Root } from '../../context.ts'
import { schemaState } from '../../db/migrate.ts'

/** `ok`, or why this process should get no requests. */
export async function readiness(root: Root): Promise<string> {
  try {
    const schema = await schemaState(root.db.pool)
    // During an upgrade the new version has migrated, and this one goes on until it is replaced: it started on its own schema.
    return schema === 'current' || schema === 'ahead' ? 'ok' : `the database schema is ${schema}`
  } catch {
    return 'the database cannot be reached'
  }
}
