import { invalid } from './model.ts'
import { optional, type Params, type Shape } from './params.ts'

export const EXPAND: Record<string, Shape> = { expand: { list: 'text' } }
/** What every list takes. */
export const PAGING: Record<string, Shape> = {
  limit: 'integer',
  starting_after: 'text',
  ending_before: 'text',
  created: { fields: { gte: 'integer', gt: 'integer', lte: 'integer', lt: 'integer' } },
  ...EXPAND,
}
type Kept = { id: string; created: number }

/** The newest first, as Stripe has it. */
/** A page of what there is, the newest first. */
export function list<T extends Kept>(
  url: string,
  params: Params,
  all: Iterable<T>,
  present: (one: T) => Record<string, unknown>,
): Record<string, unknown> {
  const limit = typeof params['limit'] === 'number' ? params['limit'] : 10
  if (limit < 1 || limit > 100) throw invalid('This value must be between 1 and 100.', { param: 'limit' })
  const { gte, gt, lte, lt } = (params['created'] ?? {}) as Record<string, number>
  const rows = [...all]
    .filter(({ created }) => created >= (gte ?? 0) && created > (gt ?? -1))
    .filter(({ created }) => created <= (lte ?? Infinity) && created < (lt ?? Infinity))
    .toReversed()
  const after = optional(params, 'starting_after')
  const from = after === null ? 0 : rows.findIndex(({ id }) => id === after) + 1
  if (after !== null && from === 0)
    throw invalid(`No such object: '${after}'`, { code: 'resource_missing', param: 'starting_after' })
  const data = rows.slice(from, from + limit)
  return { object: 'list', url, has_more: from + limit < rows.length, data: data.map(present) }
}

/** Whether something has the value that is asked for, if one is. */
export const of =
  (params: Params, name: string) =>
  (one: object): boolean => {
    const wanted = optional(params, name)
    return wanted === null || (one as Record<string, unknown>)[name] === wanted
  }
