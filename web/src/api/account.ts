import { queryOptions } from '@tanstack/react-query'
import type { MfaState, RecoveryCodes, TotpEnrolment } from '../../../shared/api/authAccount.ts'
import { get, post, remove } from './http.ts'

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
