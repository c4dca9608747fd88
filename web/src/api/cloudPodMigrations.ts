import { queryOptions } from '@tanstack/react-query'
import type { CloudPodMigrationTargets, NodeEmptying } from '../../../shared/api/cloudPodMigrations.ts'
import type { Accepted } from './cloudPods.ts'
import { get, post, remove } from './http.ts'

export type { CloudPodMigrationTargets, NodeEmptying }

const PODS = '/api/admin/hosting/cloudpods'
const NODES = '/api/admin/provisioning/nodes'

/** Where a pod could go now. */
export const migrationTargetsQuery = (id: string) =>
  queryOptions({
    queryKey: ['cloudPods', 'migration', id] as const,
    queryFn: ({ signal }) => get<CloudPodMigrationTargets>(`${PODS}/${id}/migrate`, undefined, signal),
  })
export const migrateCloudPod = (id: string, nodeId: string | null, key: string) =>
  post<Accepted>(`${PODS}/${id}/migrate`, { nodeId }, key)

/** How far a node is emptied. It is asked again whenever a pod has moved. */
export const nodeEmptyingQuery = (id: string) =>
  queryOptions({
    queryKey: ['nodes', 'emptying', id] as const,
    queryFn: ({ signal }) => get<NodeEmptying>(`${NODES}/${id}/empty`, undefined, signal),
  })
export const emptyNode = (id: string, key: string) => post<NodeEmptying>(`${NODES}/${id}/empty`, {}, key)
export const stopEmptyingNode = (id: string) => remove<NodeEmptying>(`${NODES}/${id}/empty`)
