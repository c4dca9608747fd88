import { queryOptions } from '@tanstack/react-query'
import type { z } from 'zod'
import type {
  LoginEntry,
  MfaState,
  OwnSession,
  passwordChange,
  RecoveryCodes,
  StepUp,
  StepUpWays,
  TotpEnrolment,
} from '../../../shared/api/authAccount.ts'
import { get, post, remove } from './http.ts'
import { listQuery, type ListFilter } from './lists.ts'

export type { LoginEntry, OwnSession }
export type PasswordChange = z.input<typeof passwordChange>

export const mfaQuery = queryOptions({
  queryKey: ['account', 'mfa'],
  queryFn: ({ signal }) => get<MfaState>('/api/auth/mfa', undefined, signal),
})

export const enrolTotp = (_: void, key: string) => post<TotpEnrolment>('/api/auth/mfa/totp', {}, key)
export const confirmTotp = (body: { code: string }, key: string) =>
  post<RecoveryCodes>('/api/auth/mfa/totp/confirm', body, key)
export const disableTotp = () => remove<void>('/api/auth/mfa/totp')
export const newRecoveryCodes = (_: void, key: string) =>
  post<RecoveryCodes>('/api/auth/mfa/recovery-codes', {}, key)

/** Asked anew each time: what counts may have changed in another tab. */
export const stepUpWaysQuery = queryOptions({
  queryKey: ['account', 'stepUp'],
  queryFn: ({ signal }) => get<StepUpWays>('/api/auth/step-up', undefined, signal),
  staleTime: 0,
})
export const stepUp = (body: StepUp, key: string) => post<void>('/api/auth/step-up', body, key)

export const changePassword = (body: PasswordChange, key: string) =>
  post<void>('/api/auth/password', body, key)

export const sessionsQuery = (filter: Pick<ListFilter, 'cursor'>) =>
  listQuery<OwnSession, ListFilter>('ownSessions', '/api/auth/sessions', filter)
export const endSession = (id: string) => remove<void>(`/api/auth/sessions/${encodeURIComponent(id)}`)
export const endOtherSessions = () => remove<{ ended: number }>('/api/auth/sessions')

export const loginHistoryQuery = (filter: Pick<ListFilter, 'cursor'>) =>
  listQuery<LoginEntry, ListFilter>('loginHistory', '/api/auth/login-history', filter)
