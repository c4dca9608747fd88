import type { z } from 'zod'
import type { Domain, domainAccepted, domainCreate } from '../../../shared/api/domains.ts'
import { patch, post, remove } from './http.ts'
import { detailQuery, listQuery, type ListFilter } from './lists.ts'

export type { Domain }
type Accepted = z.infer<typeof domainAccepted>

const PATH = '/api/admin/domains'

type Filter = ListFilter & {
  q?: string | undefined
  customerId?: string | undefined
  verified?: 'true' | 'false' | undefined
  expiresBefore?: string | undefined
}
export const domainsQuery = (filter: Filter) => listQuery<Domain, Filter>('domains', PATH, filter)
export const domainQuery = (id: string) => detailQuery<Domain>('domains', PATH, id)

export const createDomain = (body: z.input<typeof domainCreate>, key: string) => post<Domain>(PATH, body, key)
export const giveDomain = ({ id, version }: Domain, customerId: string | null) =>
  patch<Domain>(`${PATH}/${id}`, { customerId }, version)
export const verifyDomain = (id: string, key: string) => post<Accepted>(`${PATH}/${id}/verify`, {}, key)
export const trustDomain = (id: string, reason: string, key: string) =>
  post<Domain>(`${PATH}/${id}/trust`, { reason }, key)
export const removeDomain = (id: string) => remove<null>(`${PATH}/${id}`)
