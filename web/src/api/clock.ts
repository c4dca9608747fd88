import { queryOptions } from '@tanstack/react-query'
import type { Clock, ClockEvents } from '../../../shared/api/provisioningClock.ts'
import { get, post } from './http.ts'

export type { Clock, ClockEvents }

const PATH = '/api/admin/provisioning/clock'
const OFTEN_MS = 1_000
const SELDOM_MS = 15_000

export const clockQuery = queryOptions({
  queryKey: ['clock'] as const,
  queryFn: ({ signal }) => get<Clock>(PATH, undefined, signal),
  refetchInterval: ({ state }) => (state.data?.run ? OFTEN_MS : SELDOM_MS),
})

/** @param aheadMs where the clock is: what comes is asked for anew when it was moved */
export const clockEventsQuery = (assume: 'paid' | 'unpaid', aheadMs: number) =>
  queryOptions({
    queryKey: ['clockEvents', assume, aheadMs] as const,
    queryFn: ({ signal }) => get<ClockEvents>(`${PATH}/events`, { assume }, signal),
    placeholderData: (former) => former,
  })

export const advance = (to: string, key: string) => post<Clock>(`${PATH}/advance`, { to }, key)
export const stop = (_: void, key: string) => post<Clock>(`${PATH}/stop`, undefined, key)
