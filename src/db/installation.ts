import type { Tx } from './index.ts'

/** Facts about this installation, by name. */
export async function read(tx: Tx, key: string): Promise<unknown> {
  const row = await tx.selectFrom('installation').select('value').where('key', '=', key).executeTakeFirst()
  return row?.value
}

export async function write(tx: Tx, key: string, value: unknown, at: Date): Promise<void> {
  const values = { key, value: JSON.stringify(value), updated_at: at }
  await tx
    .insertInto('installation')
    .values(values)
    .onConflict((conflict) => conflict.column('key').doUpdateSet(values))
    .execute()
}
