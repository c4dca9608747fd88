import { buildApp } from '../src/app.ts'
import type { BenchDatabase } from './database.ts'
import { depsOf } from './podListData.ts'
import type { Document } from './scaleCases.ts'

type Node = {
  'Node Type': string
  'Relation Name'?: string
  'Index Name'?: string
  'Actual Rows'?: number
  'Actual Loops'?: number
  'Rows Removed by Filter'?: number
  'Rows Removed by Index Recheck'?: number
  'Parent Relationship'?: string
  Plans?: Node[]
}
export type Planned = { text: string; plan: Node }
export type Asked = { status: number; body: string; plans: Planned[] }

/**
 * The application, in this process, with every plan of every statement that it sends, those inside of functions too.
 * @param settings statements that each session begins with
 */
export async function planned(
  database: BenchDatabase,
  settings = '',
): Promise<{
  document: Document
  ask: (path: string, key: string) => Promise<Asked>
  close: () => Promise<void>
}> {
  // Only the owner may load what tells the plans; the statements go by the role of a server, as ever.
  const deps = depsOf({ ...database, url: database.ownerUrl })
  const plans: Planned[] = []
  deps.root.db.pool.on('connect', (client) => {
    client.on('notice', ({ message }) => {
      const json = message?.indexOf('plan:\n') ?? -1
      if (message === undefined || json < 0) return
      const { 'Query Text': text, Plan: plan } = JSON.parse(message.slice(json + 6)) as {
        'Query Text': string
        Plan: Node
      }
      plans.push({ text, plan })
    })
    // As a notice it comes to us and is in no log of the server.
    void client.query(`set role none; load 'auto_explain'; set auto_explain.log_level = notice; set auto_explain.log_min_duration = 0;
      set auto_explain.log_nested_statements = on; set auto_explain.log_analyze = on; set auto_explain.log_timing = off;
      set auto_explain.log_format = json; ${settings}; set role mpanel_app`)
  })
  const app = await buildApp(deps.root, {
    trustedProxies: [],
    version: 'bench',
    requestLimits: { caller: 0, address: 0 },
  })
  return {
    document: (await app.inject({ url: '/api/openapi.json' })).json(),
    ask: async (path, key) => {
      plans.length = 0
      const { statusCode, body } = await app.inject({
        url: path,
        headers: { authorization: `Bearer ${key}` },
      })
      return { status: statusCode, body, plans: [...plans] }
    },
    close: async () => {
      await app.close()
      await deps.close()
    },
  }
}

function* nodesOf(node: Node): Generator<Node> {
  yield node
  for (const child of node.Plans ?? []) yield* nodesOf(child)
}

const rowsRead = (node: Node): number =>
  Math.round(
    ((node['Actual Rows'] ?? 0) +
      (node['Rows Removed by Filter'] ?? 0) +
      (node['Rows Removed by Index Recheck'] ?? 0)) *
      (node['Actual Loops'] ?? 1),
  )

export type Scan = { how: string; table: string; rows: number; text: string }

/** Each reading of a table or an index in these plans. */
export const scansOf = (plans: readonly Planned[]): Scan[] =>
  plans.flatMap(({ text, plan }) =>
    [...nodesOf(plan)]
      .filter((node) => node['Relation Name'] !== undefined || node['Node Type'] === 'Bitmap Index Scan')
      .map((node) => ({
        how: node['Node Type'],
        table: node['Relation Name'] ?? node['Index Name'] ?? '',
        rows: rowsRead(node),
        text,
      })),
  )
