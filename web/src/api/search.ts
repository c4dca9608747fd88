import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import type { SearchHit } from '../../../shared/api/search.ts'
import { get } from './http.ts'

export type { SearchHit }

/** Not kept under the name of a list: a live event does not search again while somebody reads the hits. */
export const searchQuery = (q: string, tenantId: string | undefined) =>
  queryOptions({
    queryKey: ['search', q, tenantId] as const,
    queryFn: ({ signal }) => get<{ items: SearchHit[] }>('/api/admin/search', { q, tenantId }, signal),
    placeholderData: keepPreviousData,
    enabled: q !== '',
    staleTime: 10_000,
  })
