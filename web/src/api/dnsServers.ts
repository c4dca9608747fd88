import type { z } from 'zod'
import type {
  DnsServer,
  DnsServerCheck,
  dnsServerCheckRequest,
  dnsServerCreate,
  dnsServerUpdate,
  DnsTransferKey,
  dnsTransfersPut,
} from '../../../shared/api/dnsServers.ts'
import { patch, post, put, remove } from './http.ts'
import { detailQuery, listQuery, type ListFilter } from './lists.ts'

export type { DnsServer, DnsServerCheck, DnsTransferKey }

const PATH = '/api/admin/domains/dns-servers'

export const dnsServersQuery = (filter: ListFilter) =>
  listQuery<DnsServer, ListFilter>('dnsServers', PATH, filter)
export const dnsServerQuery = (id: string) => detailQuery<DnsServer>('dnsServers', PATH, id)
export const createDnsServer = (body: z.input<typeof dnsServerCreate>, key: string) =>
  post<DnsServer>(PATH, body, key)
export const updateDnsServer = ({ id, version }: DnsServer, body: z.input<typeof dnsServerUpdate>) =>
  patch<DnsServer>(`${PATH}/${id}`, body, version)
export const removeDnsServer = (id: string) => remove<null>(`${PATH}/${id}`)
export const checkDnsServerConnection = (body: z.input<typeof dnsServerCheckRequest>, key: string) =>
  post<DnsServerCheck>(`${PATH}/check`, body, key)
export const checkDnsServer = (id: string, key: string) =>
  post<DnsServerCheck>(`${PATH}/${id}/check`, {}, key)
export const setSecondaries = ({ id, version }: DnsServer, body: z.input<typeof dnsTransfersPut>) =>
  put<DnsServer>(`${PATH}/${id}/secondaries`, body, version)
/** A new one where there was one. It is answered once. */
export const makeTransferKey = (id: string, key: string) =>
  post<DnsTransferKey>(`${PATH}/${id}/transfer-key`, {}, key)
