import { queryOptions } from '@tanstack/react-query'
import type { z } from 'zod'
import type {
  DomainConnection,
  domainConnect,
  domainConnected,
} from '../../../shared/api/domainConnections.ts'
import { get, post, remove } from './http.ts'

export type { DomainConnection }
export type ConnectBody = z.input<typeof domainConnect>

const pathOf = (domainId: string) => `/api/admin/domains/${domainId}/connect`

/** Which pod a domain leads to. */
export const connectionQuery = (domainId: string) =>
  queryOptions({
    queryKey: ['domains', 'connection', domainId] as const,
    queryFn: ({ signal }) =>
      get<{ connection: DomainConnection | null }>(pathOf(domainId), undefined, signal),
  })

export const connectDomain = (domainId: string, body: ConnectBody, key: string) =>
  post<z.infer<typeof domainConnected>>(pathOf(domainId), body, key)
export const disconnectDomain = (domainId: string) => remove<null>(pathOf(domainId))
