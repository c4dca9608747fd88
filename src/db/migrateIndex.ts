import type { Client } from 'pg'

const INDEX = /^create (unique )?index concurrently if not exists (\w+) on (\w+) (.+)$/is

type Partition = { name: string; parent: string | null; leaf: boolean; done: boolean }

/**
 * Builds an index beside those who write, also of a table that has partitions, for which PostgreSQL refuses
 * `create index concurrently`: first the index that partitions made from now on get by themselves, then that of each
 * partition, which is attached. Other statements are sent as they are. What was done before a failure is not done again.
 * @param wait how long a statement may wait for a table in which it keeps others waiting, such as `2s`
 */
export async function buildIndex(client: Client, statement: string, wait: string): Promise<void> {
  const [, unique = '', index = '', table = '', rest = ''] = INDEX.exec(statement) ?? []
  const indexOf = (partition: string): string => (partition === table ? index : `${partition}_of_${index}`)
  const partitions = table === '' ? [] : await partitionsOf(client, table, indexOf)
  if (partitions.length === 0) {
    await client.query(statement)
    return
  }
  const short = (sql: string) =>
    client
      .query(`begin; set local lock_timeout = '${wait}'; ${sql}; commit`)
      .catch(async (error: unknown) => {
        await client.query('rollback')
        throw error
      })
  for (const { name, parent, leaf, done } of partitions) {
    if (done) continue
    const [how, on] = leaf ? ['concurrently', name] : ['', `only ${name}`]
    const create = `create ${unique}index ${how} if not exists ${indexOf(name)} on ${on} ${rest}`
    await (leaf ? client.query(create) : short(create))
    if (parent !== null) await short(`alter index ${indexOf(parent)} attach partition ${indexOf(name)}`)
  }
}

/** The table and all below it, parents first, and which have the index already; none for a table without partitions. */
async function partitionsOf(
  client: Client,
  table: string,
  indexOf: (partition: string) => string,
): Promise<Partition[]> {
  const { rows } = await client.query<Omit<Partition, 'done'>>(
    `select relid::regclass::text as name, parentrelid::regclass::text as parent, isleaf as leaf
      from pg_partition_tree($1::regclass) where exists (select from pg_partitioned_table where partrelid = $1::regclass)
      order by level, 1`,
    [table],
  )
  const { rows: attached } = await client.query<{ parent: string; name: string }>(
    `select inhparent::regclass::text as parent, indrelid::regclass::text as name
      from pg_inherits join pg_index on indexrelid = inhrelid`,
  )
  const known = new Set(attached.map(({ parent, name }) => `${parent} ${name}`))
  return rows.map((row) => ({
    ...row,
    done: row.parent !== null && known.has(`${indexOf(row.parent)} ${row.name}`),
  }))
}
