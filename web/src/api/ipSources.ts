import type { z } from 'zod'
import type {
  IpSource,
  IpSourceCheck,
  ipSourceCheckRequest,
  ipSourceCreate,
  ipSourceUpdate,
} from '../../../shared/api/provisioningSources.ts'
import { patch, post, remove } from './http.ts'
import { detailQuery, listQuery, type ListFilter } from './lists.ts'
import type { Job } from './provisioning.ts'

export type { IpSource, IpSourceCheck }

const PATH = '/api/admin/provisioning/ip-sources'

export const ipSourcesQuery = (filter: ListFilter) =>
  listQuery<IpSource, ListFilter>('ipSources', PATH, filter)
export const ipSourceQuery = (id: string) => detailQuery<IpSource>('ipSources', PATH, id)
export const createIpSource = (body: z.input<typeof ipSourceCreate>, key: string) =>
  post<IpSource>(PATH, body, key)
export const updateIpSource = ({ id, version }: IpSource, body: z.input<typeof ipSourceUpdate>) =>
  patch<IpSource>(`${PATH}/${id}`, body, version)
export const removeIpSource = (id: string) => remove<null>(`${PATH}/${id}`)
export const checkIpSourceConnection = (body: z.input<typeof ipSourceCheckRequest>, key: string) =>
  post<IpSourceCheck>(`${PATH}/check`, body, key)
export const checkIpSource = (id: string, prefixId: number | null, key: string) =>
  post<IpSourceCheck>(`${PATH}/${id}/check`, { prefixId }, key)
export const compareIpPool = (id: string, key: string) =>
  post<{ job: Job }>(`/api/admin/provisioning/ip-pools/${id}/compare`, {}, key)
