import { queryOptions } from '@tanstack/react-query'
import type {
  CloudPodAddress,
  CloudPodAddressAdd,
  CloudPodAddresses,
} from '../../../shared/api/cloudPodAddresses.ts'
import type { Job } from '../../../shared/api/provisioning.ts'
import { get, patch, post, remove } from './http.ts'

export type { CloudPodAddress, CloudPodAddressAdd }
type Accepted = { address: CloudPodAddress; job: Job }

const pathOf = (podId: string) => `/api/admin/hosting/cloudpods/${podId}/addresses`

/** The key begins like that of the pod, so that a job about the pod brings its addresses up to date as well. */
export const addressesQuery = (podId: string) =>
  queryOptions({
    queryKey: ['cloudPods', 'detail', podId, 'addresses'] as const,
    queryFn: ({ signal }) => get<CloudPodAddresses>(pathOf(podId), undefined, signal),
  })

export const addAddress = (podId: string, body: CloudPodAddressAdd, key: string) =>
  post<Accepted>(pathOf(podId), body, key)
export const releaseAddress = (podId: string, address: string) =>
  remove<Accepted>(`${pathOf(podId)}/${address}`)
export const setReverseName = (podId: string, address: string, reverseName: string | null) =>
  patch<CloudPodAddress>(`${pathOf(podId)}/${address}`, { reverseName })
