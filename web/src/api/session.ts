import { queryOptions } from '@tanstack/react-query'
import type { z } from 'zod'
import type { loginBody, Me } from '../../../shared/api/auth.ts'
import type { MfaPending, MfaProof } from '../../../shared/api/authAccount.ts'
import type { Language } from '../../../shared/languages.ts'
import { goAhead } from '../lib/now.ts'
import { get, post, put } from './http.ts'

export type { Me }
export type Credentials = z.input<typeof loginBody>

export const meQuery = queryOptions({
  queryKey: ['me'],
  queryFn: async ({ signal }) => {
    const me = await get<Me>('/api/auth/me', undefined, signal)
    goAhead(me.clock?.aheadMs ?? 0)
    return me
  },
  staleTime: 60_000,
})

export const logIn = (credentials: Credentials, key: string) =>
  post<Me | MfaPending>('/api/auth/login', credentials, key)
export const giveSecondFactor = (body: MfaProof, key: string) => post<Me>('/api/auth/mfa', body, key)
/** Of mails to the caller; null: that of who writes. */
export const chooseLanguage = (language: Language | null) => put<void>('/api/auth/language', { language })
export const logOut = (_: void, key: string) => post<void>('/api/auth/logout', {}, key)
