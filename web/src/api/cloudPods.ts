import { queryOptions } from '@tanstack/react-query'
import type { z } from 'zod'
import type {
  CloudPod,
  cloudPodCreate,
  Regions,
  CloudPodDetail,
  CloudPodResize,
  CloudPodResizePreview,
  CloudPodUpdate,
} from '../../../shared/api/cloudPods.ts'
import type { IntegrationPodAnswer } from '../../../shared/api/integrationPods.ts'
import type { Job } from '../../../shared/api/provisioning.ts'
import type { PowerAction } from '../../../shared/states/cloudPod.ts'
import { get, patch, post, remove } from './http.ts'
import { detailQuery, listQuery, type ListFilter } from './lists.ts'

export type { CloudPod, CloudPodDetail, PowerAction }
export type CloudPodCreate = z.input<typeof cloudPodCreate>
export type Accepted = { cloudPod: CloudPod; job: Job }

const PATH = '/api/admin/hosting/cloudpods'

type CloudPodFilter = ListFilter & {
  state?: CloudPod['state'] | undefined
  customerId?: string | undefined
  q?: string | undefined
  tag?: string | undefined
  service?: string | undefined
}
export const cloudPodsQuery = (filter: CloudPodFilter) =>
  listQuery<CloudPod, CloudPodFilter>('cloudPods', PATH, filter)
/** Where one can order; they change seldom. */
export const regionsQuery = () =>
  queryOptions({
    queryKey: ['regions'] as const,
    queryFn: ({ signal }) => get<Regions>('/api/admin/hosting/regions', undefined, signal),
  })
export const cloudPodQuery = (id: string) => detailQuery<CloudPodDetail>('cloudPods', PATH, id)

export const createCloudPod = (body: CloudPodCreate, key: string) => post<Accepted>(PATH, body, key)
export const updateCloudPod = ({ id, version }: CloudPod, body: CloudPodUpdate) =>
  patch<CloudPod>(`${PATH}/${id}`, body, version)
export const powerCloudPod = (id: string, action: PowerAction, key: string) =>
  post<Accepted>(`${PATH}/${id}/${action}`, {}, key)
/** Ends the suspension by the system that sells a pod. */
export const unsuspendSoldPod = (tenantId: string, externalKey: string, key: string) =>
  post<IntegrationPodAnswer>(
    `/api/integrations/pods/${encodeURIComponent(externalKey)}/unsuspend?tenantId=${tenantId}`,
    {},
    key,
  )
type Size = { cores: number; memoryMb: number; diskGb: number }
/** What would be refused now. */
export const resizePreviewQuery = (id: string, size: Size) =>
  queryOptions({
    queryKey: ['cloudPods', 'resize', id, size] as const,
    queryFn: ({ signal }) => get<CloudPodResizePreview>(`${PATH}/${id}/resize`, size, signal),
  })
export const resizeCloudPod = (id: string, body: CloudPodResize, key: string) =>
  post<Accepted>(`${PATH}/${id}/resize`, body, key)
export const undeleteCloudPod = (id: string, key: string) => post<Accepted>(`${PATH}/${id}/undelete`, {}, key)
export const purgeCloudPod = (id: string, hostname: string, key: string) =>
  post<Accepted>(`${PATH}/${id}/purge`, { hostname }, key)
export const destroyCloudPod = (id: string) => remove<Accepted>(`${PATH}/${id}`)
