import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import type { z } from 'zod'
import type {
  Blueprint,
  blueprintCreate,
  blueprintUpdate,
  Cluster,
  ClusterCheck,
  clusterCheckRequest,
  clusterCreate,
  clusterUpdate,
  Job,
  JobDetail,
  Node,
  nodeConfigure,
} from '../../../shared/api/provisioning.ts'
import type { JobPlan } from '../../../shared/api/provisioningPlan.ts'
import type {
  IpAddress,
  IpAddresses,
  IpPool,
  ReverseZones,
  ipPoolCreate,
  ipPoolUpdate,
} from '../../../shared/api/provisioningPools.ts'
import { get, patch, post, remove } from './http.ts'
import { detailQuery, listQuery, type ListFilter } from './lists.ts'

export type {
  Blueprint,
  Cluster,
  ClusterCheck,
  IpAddress,
  IpPool,
  Job,
  JobDetail,
  JobPlan,
  Node,
  ReverseZones,
}
export type BlueprintCreate = z.input<typeof blueprintCreate>
export type BlueprintUpdate = z.input<typeof blueprintUpdate>
export type ClusterCreate = z.input<typeof clusterCreate>
export type IpPoolCreate = z.input<typeof ipPoolCreate>
export type NodeConfigure = z.input<typeof nodeConfigure>

const PATH = '/api/admin/provisioning'

type JobFilter = ListFilter & {
  state?: Job['state'] | undefined
  queue?: Job['queue'] | undefined
  kind?: string | undefined
  subjectType?: string
  subjectId?: string
  endedSince?: string | undefined
}
export const jobsQuery = (filter: JobFilter) => listQuery<Job, JobFilter>('jobs', `${PATH}/jobs`, filter)
/** What the job would do; asked anew each time, since the cluster and the database go on. */
export const jobPlanQuery = (id: string) =>
  queryOptions({
    queryKey: ['jobPlans', id] as const,
    queryFn: ({ signal }) => get<JobPlan>(`${PATH}/jobs/${id}/plan`, undefined, signal),
    gcTime: 0,
    staleTime: 0,
    retry: false,
    refetchOnWindowFocus: false,
  })
const SILENCE_MS = 15_000
/** A job whose worker has died changes nothing that could be told: while one runs, it is asked for. */
export const jobQuery = (id: string) =>
  queryOptions({
    ...detailQuery<JobDetail>('jobs', `${PATH}/jobs`, id),
    refetchInterval: ({ state }) => state.data?.state === 'running' && SILENCE_MS,
  })

export const clustersQuery = (filter: ListFilter) =>
  listQuery<Cluster, ListFilter>('clusters', `${PATH}/clusters`, filter)
export type ClusterAdded = { cluster: Cluster; job: Job }
export const createCluster = (body: ClusterCreate, key: string) =>
  post<ClusterAdded>(`${PATH}/clusters`, body, key)

export const clusterQuery = (id: string) => detailQuery<Cluster>('clusters', `${PATH}/clusters`, id)
export const updateCluster = ({ id, version }: Cluster, body: z.input<typeof clusterUpdate>) =>
  patch<Cluster>(`${PATH}/clusters/${id}`, body, version)
export const removeCluster = (id: string, name: string, key: string) =>
  post<Cluster>(`${PATH}/clusters/${id}/remove`, { name }, key)
export const checkConnection = (body: z.input<typeof clusterCheckRequest>, key: string) =>
  post<ClusterCheck>(`${PATH}/clusters/check`, body, key)
export const checkCluster = (id: string, key: string) =>
  post<ClusterCheck>(`${PATH}/clusters/${id}/check`, {}, key)

export const nodesQuery = (filter: ListFilter) =>
  listQuery<Node, ListFilter>('nodes', `${PATH}/nodes`, filter)
/** A stuck job goes on from the step at which it stopped. */
export const retryJob = (id: string, key: string) => post<Job>(`${PATH}/jobs/${id}/retry`, {}, key)
export const cancelJob = (id: string, reason: string, key: string) =>
  post<Job>(`${PATH}/jobs/${id}/cancel`, { reason }, key)
/** The step at which a stuck job stopped was done by hand, or is not needed. */
export const settleJobStep = (id: string, body: { how: 'done' | 'skipped'; reason: string }, key: string) =>
  post<Job>(`${PATH}/jobs/${id}/settle`, body, key)
export const setJobPriority = (id: string, priority: number, key: string) =>
  post<Job>(`${PATH}/jobs/${id}/priority`, { priority }, key)

export const configureNode = (body: NodeConfigure, key: string) => post<Node>(`${PATH}/nodes`, body, key)

export const ipPoolsQuery = (filter: ListFilter) =>
  listQuery<IpPool, ListFilter>('ipPools', `${PATH}/ip-pools`, filter)
export const ipPoolQuery = (id: string) => detailQuery<IpPool>('ipPools', `${PATH}/ip-pools`, id)
export const reverseZonesQuery = (id: string) =>
  queryOptions({
    queryKey: ['ipPools', 'reverseZones', id] as const,
    queryFn: ({ signal }) => get<ReverseZones>(`${PATH}/ip-pools/${id}/reverse-zones`, undefined, signal),
  })
export const updateIpPool = ({ id, version }: IpPool, body: z.input<typeof ipPoolUpdate>) =>
  patch<IpPool>(`${PATH}/ip-pools/${id}`, body, version)
export const removeIpPool = (id: string) => remove<null>(`${PATH}/ip-pools/${id}`)
export const ipAddressesQuery = (id: string) =>
  infiniteQueryOptions({
    queryKey: ['ipPools', 'addresses', id] as const,
    queryFn: ({ signal, pageParam }) =>
      get<IpAddresses>(`${PATH}/ip-pools/${id}/addresses`, { limit: 1_000, after: pageParam }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next ?? undefined,
    select: ({ pages }) => pages.flatMap(({ items }) => items),
  })
export const keepIpAddress = (id: string, body: { address: string; note: string }, key: string) =>
  post<IpPool>(`${PATH}/ip-pools/${id}/addresses`, body, key)
export const freeIpAddress = (id: string, address: string, key: string) =>
  post<IpPool>(`${PATH}/ip-pools/${id}/addresses/free`, { address }, key)
export const createIpPool = (body: IpPoolCreate, key: string) => post<IpPool>(`${PATH}/ip-pools`, body, key)

export const blueprintsQuery = (filter: ListFilter) =>
  listQuery<Blueprint, ListFilter>('blueprints', `${PATH}/blueprints`, filter)
export const createBlueprint = (body: BlueprintCreate, key: string) =>
  post<Blueprint>(`${PATH}/blueprints`, body, key)
export const blueprintQuery = (id: string) => detailQuery<Blueprint>('blueprints', `${PATH}/blueprints`, id)
export const updateBlueprint = ({ id, version }: Blueprint, body: BlueprintUpdate) =>
  patch<Blueprint>(`${PATH}/blueprints/${id}`, body, version)
export const removeBlueprint = (id: string) => remove<null>(`${PATH}/blueprints/${id}`)
