import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import type { Dashboard } from '../../../shared/api/dashboard.ts'
import { get } from './http.ts'

export type { Dashboard }

/** The live stream tells when jobs have changed something; what people change is asked for now and then. */
const AGAIN_MS = 20_000

export const dashboardQuery = (tenantId: string | undefined) =>
  queryOptions({
    queryKey: ['dashboard', tenantId] as const,
    queryFn: ({ signal }) => get<Dashboard>('/api/admin/dashboard', { tenantId }, signal),
    refetchInterval: AGAIN_MS,
    placeholderData: keepPreviousData,
  })
