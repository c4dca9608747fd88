import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query'
import type { Page } from '../../../shared/api/common.ts'
import { get } from './http.ts'

/** What every list understands; a resource adds its own filters. */
export type ListFilter = { tenantId?: string | undefined; cursor?: string | undefined; limit?: number }

/** The query of a list. The key begins with the resource's name, so that a live event can invalidate it. */
export const listQuery = <Item, Filter extends ListFilter>(resource: string, path: string, filter: Filter) =>
  queryOptions({
    queryKey: [resource, 'list', filter] as const,
    queryFn: ({ signal }) =>
      get<Page<Item>>(path, filter as Record<string, string | number | undefined>, signal),
    placeholderData: keepPreviousData,
    // Where the whole list can be had as a file.
    meta: { path },
  })

/** The query of a list that grows by a page whenever more is asked for; all of it is read again after a change. */
export const growingQuery = <Item>(resource: string, path: string, filter: Record<string, string> = {}) =>
  infiniteQueryOptions({
    queryKey: [resource, 'growing', filter] as const,
    queryFn: ({ signal, pageParam }) => get<Page<Item>>(path, { ...filter, cursor: pageParam }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ nextCursor }) => nextCursor ?? undefined,
    select: ({ pages }) => pages.flatMap(({ items }) => items),
  })

export const detailQuery = <Item>(resource: string, path: string, id: string) =>
  queryOptions({
    queryKey: [resource, 'detail', id] as const,
    queryFn: ({ signal }) => get<Item>(`${path}/${encodeURIComponent(id)}`, undefined, signal),
  })
