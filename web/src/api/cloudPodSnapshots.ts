import { queryOptions } from '@tanstack/react-query'
import type { CloudPodSnapshot, CloudPodSnapshots } from '../../../shared/api/cloudPodSnapshots.ts'
import type { Job } from '../../../shared/api/provisioning.ts'
import { get, post, remove } from './http.ts'

export type { CloudPodSnapshot }
type Accepted = { snapshot: CloudPodSnapshot; job: Job }

const pathOf = (podId: string) => `/api/admin/hosting/cloudpods/${podId}/snapshots`

/** The key begins like that of the pod, so that a job about the pod brings its snapshots up to date as well. */
export const snapshotsQuery = (podId: string) =>
  queryOptions({
    queryKey: ['cloudPods', 'detail', podId, 'snapshots'] as const,
    queryFn: ({ signal }) => get<CloudPodSnapshots>(pathOf(podId), undefined, signal),
  })

export const takeSnapshot = (podId: string, values: { name: string; description: string }, key: string) =>
  post<Accepted>(pathOf(podId), values, key)
export const deleteSnapshot = ({ podId, id }: CloudPodSnapshot) => remove<Accepted>(`${pathOf(podId)}/${id}`)
export const rollBack = ({ podId, id }: CloudPodSnapshot, hostname: string, key: string) =>
  post<Accepted>(`${pathOf(podId)}/${id}/rollback`, { hostname }, key)
