import { stringify } from 'csv-stringify/sync'
import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import { transaction, type Ctx, type Root } from '../context.ts'
import { AppError } from '../errors.ts'
import { cellOf, columnsOf } from '../lib/csvCells.ts'
import type { Download } from '../lib/download.ts'
import { identifyAgain, originOf } from '../middleware/auth.ts'
import { visibleScope, type Rbac } from '../middleware/rbac.ts'
import * as auditService from '../services/auditService.ts'
import type { Identity } from '../services/userService.ts'
import type { TableRoute } from './define.ts'
import { narrowed } from './registerScope.ts'

/** As many rows as a list gives at most. */
const CSV_PAGE = 200

type ListPage = { items: readonly unknown[]; nextCursor: string | null }

/** What a list's rows are, if it is one that is also given as CSV. */
export function csvRowOf({ method, operationId, replies }: TableRoute): z.ZodObject | undefined {
  const answer = replies[200]
  if (method !== 'GET' || !operationId.startsWith('list') || !(answer instanceof z.ZodObject))
    return undefined
  const { items } = answer.shape as { items?: unknown }
  return items instanceof z.ZodArray && items.element instanceof z.ZodObject ? items.element : undefined
}

/** Whether somebody wants the list as a file rather than a page of it. */
export const asksForCsv = ({ method, headers }: FastifyRequest): boolean =>
  method === 'GET' && /^text\/csv\b/.test(headers.accept ?? '')

/**
 * All pages of a list as one file, each read when it is sent. The first one is read before anything is sent, so that a refusal is
 * an answer like any other.
 */
export async function listAsCsv(
  root: Root,
  route: TableRoute,
  item: z.ZodObject,
  request: FastifyRequest,
  { me, rbac }: { me: Identity; rbac: Rbac },
): Promise<Download> {
  const read = (cursor: string | undefined) => readPage(root, route, request, { me, rbac }, cursor)
  const first = await read(undefined)
  const columns = columnsOf(item)
  const lines = (rows: readonly unknown[]): string =>
    stringify(
      // As an answer would have them: what the schema does not name is not told.
      rows.map((row) => item.parse(row)).map((row) => columns.map((column) => cellOf(row, column))),
      { record_delimiter: '\r\n' },
    )
  async function* content(): AsyncGenerator<string> {
    yield `${columns.join(',')}\r\n`
    for (let page = first; ; page = await read(page.nextCursor)) {
      if (page.items.length > 0) yield lines(page.items)
      if (page.nextCursor === null) return
    }
  }
  const name = route.operationId
    .replace(/^list/, '')
    .replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
  return {
    name: `${name.slice(1)}-${root.now().toISOString().slice(0, 10)}.csv`,
    type: 'text/csv; charset=utf-8; header=present',
    content: content(),
  }
}

/** One page of a list that is being sent as a file, which may take long: who asks, and what he may, is looked at each time. */
async function readPage(
  root: Root,
  route: TableRoute,
  request: FastifyRequest,
  { me, rbac }: { me: Identity; rbac: Rbac },
  cursor: string | undefined,
): Promise<ListPage> {
  const identity = await identifyAgain(root, request, me, { asActivity: false })
  if (!identity) throw new AppError('unauthenticated', 'Log in first.')
  return transaction(root, originOf(request, identity), visibleScope(identity), async (wide) => {
    const { ctx, tenantId } = await narrowed(wide, route, request, identity, rbac)
    const { cursor: _from, limit: _limit, ...filter } = request.query as Record<string, unknown>
    if (cursor === undefined) await recordExport(ctx, route, filter)
    const query = { ...filter, limit: CSV_PAGE, cursor }
    const { body } = await route.handler(ctx, {
      params: request.params,
      query,
      body: undefined,
      identity,
      tenantId,
      ifMatch: undefined,
    })
    return body as ListPage
  })
}

/** That somebody took a list away is an event in each tenant whose rows may be in it. */
async function recordExport(ctx: Ctx, { operationId }: TableRoute, filter: object): Promise<void> {
  const tenants = ctx.scope === 'platform' ? [null] : ctx.scope
  for (const tenantId of tenants)
    await auditService.record(ctx, {
      action: 'LIST_EXPORTED',
      tenantId,
      target: { type: tenantId === null ? 'platform' : 'tenant', id: tenantId ?? 'platform' },
      details: { list: operationId, filter },
    })
}
