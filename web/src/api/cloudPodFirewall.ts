import { queryOptions } from '@tanstack/react-query'
import type { z } from 'zod'
import type { Job } from '../../../shared/api/provisioning.ts'
import type {
  CloudPodFirewall,
  SecurityGroup,
  securityGroupCreate,
  securityGroupUpdate,
  SecurityRule,
} from '../../../shared/api/cloudPodFirewall.ts'
import { get, patch, post, remove } from './http.ts'
import { detailQuery, listQuery, type ListFilter } from './lists.ts'

export type { CloudPodFirewall, SecurityGroup, SecurityRule }

const PATH = '/api/admin/hosting/security-groups'
const firewallOf = (podId: string) => `/api/admin/hosting/cloudpods/${podId}/firewall`

export const securityGroupsQuery = (filter: ListFilter) =>
  listQuery<SecurityGroup, ListFilter>('securityGroups', PATH, filter)
export const securityGroupQuery = (id: string) => detailQuery<SecurityGroup>('securityGroups', PATH, id)

export const createSecurityGroup = (body: z.input<typeof securityGroupCreate>, key: string) =>
  post<SecurityGroup>(PATH, body, key)
export const updateSecurityGroup = (
  { id, version }: SecurityGroup,
  body: z.input<typeof securityGroupUpdate>,
) => patch<{ group: SecurityGroup; jobs: number }>(`${PATH}/${id}`, body, version)
export const deleteSecurityGroup = (id: string) => remove<null>(`${PATH}/${id}`)

/** The key begins like that of the pod, so that a job about the pod brings its firewall up to date as well. */
export const firewallQuery = (podId: string) =>
  queryOptions({
    queryKey: ['cloudPods', 'detail', podId, 'firewall'] as const,
    queryFn: ({ signal }) => get<CloudPodFirewall>(firewallOf(podId), undefined, signal),
  })
export const setFirewall = (podId: string, groupIds: string[]) =>
  patch<{ firewall: CloudPodFirewall; job: Job }>(firewallOf(podId), { groupIds })
