import { queryOptions } from '@tanstack/react-query'
import type {
  Alert,
  Brake,
  PauseRequest,
  QueueOverview,
  Timer,
  Worker,
} from '../../../shared/api/provisioningControls.ts'
import { get, post } from './http.ts'

export type { Brake, QueueOverview, Timer, Worker }

const PATH = '/api/admin/provisioning'
/** Nothing tells when these change, so they are asked for again while they are looked at. */
const AGAIN_MS = 5_000
/** The live stream tells of these; who may not follow that asks. */
const SELDOM_MS = 30_000

export const queuesQuery = () =>
  queryOptions({
    queryKey: ['queues'] as const,
    queryFn: ({ signal }) => get<QueueOverview>(`${PATH}/queues`, undefined, signal),
    refetchInterval: SELDOM_MS,
  })

export const workersQuery = () =>
  queryOptions({
    queryKey: ['workers'] as const,
    queryFn: ({ signal }) => get<{ items: Worker[] }>(`${PATH}/workers`, undefined, signal),
    refetchInterval: AGAIN_MS,
  })

export const timersQuery = () =>
  queryOptions({
    queryKey: ['timers'] as const,
    queryFn: ({ signal }) => get<{ items: Timer[] }>(`${PATH}/timers`, undefined, signal),
    refetchInterval: AGAIN_MS,
  })

export const pause = (body: PauseRequest, key: string) =>
  post<QueueOverview>(`${PATH}/queues/pause`, body, key)
export const resume = (body: Omit<PauseRequest, 'reason'>, key: string) =>
  post<QueueOverview>(`${PATH}/queues/resume`, body, key)
export const setJobLimit = (body: { name: string; capacity: number | null }, key: string) =>
  post<QueueOverview>(`${PATH}/queues/limits`, body, key)

export const alertsQuery = () =>
  queryOptions({
    queryKey: ['alerts'] as const,
    queryFn: ({ signal }) => get<{ items: Alert[] }>(`${PATH}/alerts`, undefined, signal),
    refetchInterval: AGAIN_MS,
  })

export const brakesQuery = () =>
  queryOptions({
    queryKey: ['brakes'] as const,
    queryFn: ({ signal }) => get<{ items: Brake[] }>(`${PATH}/brakes`, undefined, signal),
    refetchInterval: AGAIN_MS,
  })
export const decideBrake = (
  id: string,
  body: { decision: 'confirmed' | 'dismissed'; wanted: number; reason: string },
  key: string,
) => post<Brake>(`${PATH}/brakes/${id}`, body, key)
