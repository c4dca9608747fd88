import { queryOptions } from '@tanstack/react-query'
import type { z } from 'zod'
import type {
  DomainContact,
  DomainContacts,
  DomainDefaultContacts,
  domainDefaultContactsSet,
  ShownContact,
} from '../../../shared/api/domainContacts.ts'
import type {
  DomainOperation,
  DomainOrdered,
  domainRegister,
  DomainRegistration,
  DomainSearch,
  domainTransferIn,
  NameServer,
} from '../../../shared/api/domainRegistrations.ts'
import { get, post, put, remove } from './http.ts'
import { growingQuery } from './lists.ts'

export type {
  DomainContact,
  ShownContact,
  DomainContacts,
  DomainDefaultContacts,
  DomainOperation,
  DomainOrdered,
  DomainRegistration,
  DomainSearch,
  NameServer,
}

const PATH = '/api/admin/domains'

export const searchQuery = (words: string, currency: string) =>
  queryOptions({
    queryKey: ['domains', 'search', words, currency] as const,
    queryFn: ({ signal }) => get<DomainSearch>(`${PATH}/search`, { words, currency }, signal),
    retry: false,
    staleTime: 60_000,
  })
/** It is looked at again while something goes on. */
export const registrationQuery = (id: string) =>
  queryOptions({
    queryKey: ['domains', 'registration', id] as const,
    queryFn: ({ signal }) => get<DomainRegistration>(`${PATH}/${id}/registration`, undefined, signal),
    refetchInterval: ({ state }) => (state.data?.operation ? 3_000 : false),
  })
export const operationsQuery = (id: string) =>
  growingQuery<DomainOperation>('domains', `${PATH}/${id}/timeline`)

export const registerDomain = (body: z.input<typeof domainRegister>, key: string) =>
  post<DomainOrdered>(`${PATH}/register`, body, key)
export const transferDomain = (body: z.input<typeof domainTransferIn>, key: string) =>
  post<DomainOrdered>(`${PATH}/transfer`, body, key)
/** `agreedMinor`: the price that was shown; a premium name is not ordered without it. */
export const renewDomain = (
  id: string,
  body: { years: number; agreedMinor?: string | undefined },
  key: string,
) => post<DomainOrdered>(`${PATH}/${id}/renew`, body, key)
export const restoreDomain = (id: string, agreedMinor: string | undefined, key: string) =>
  post<DomainOrdered>(`${PATH}/${id}/restore`, { agreedMinor }, key)
/** @param tenantId null: the platform's alone */
export const defaultContactsQuery = (tenantId: string | null) =>
  queryOptions({
    queryKey: ['domains', 'defaultContacts', tenantId] as const,
    queryFn: ({ signal }) =>
      get<DomainDefaultContacts>(
        `${PATH}/default-contacts`,
        tenantId === null ? undefined : { tenantId },
        signal,
      ),
  })
export const setDefaultContacts = (body: z.input<typeof domainDefaultContactsSet>) =>
  put<DomainDefaultContacts>(`${PATH}/default-contacts`, body)
export const deleteRegistration = (id: string) => remove<DomainOrdered>(`${PATH}/${id}/registration`)
export const answerTransfer = (id: string, answer: 'approve' | 'reject' | 'cancel', key: string) =>
  post<DomainOrdered>(`${PATH}/${id}/transfer`, { answer }, key)
export const lockDomain = (id: string, locked: boolean) =>
  put<DomainOrdered>(`${PATH}/${id}/lock`, { locked })
export const setPrivacy = (id: string, privacy: boolean) =>
  put<DomainOrdered>(`${PATH}/${id}/privacy`, { privacy })
export const setAutoRenew = (id: string, autoRenew: boolean) =>
  put<DomainRegistration>(`${PATH}/${id}/auto-renew`, { autoRenew })
export const setContacts = (id: string, contacts: DomainContacts) =>
  put<DomainOrdered>(`${PATH}/${id}/contacts`, contacts)
export const setNameservers = (id: string, nameservers: NameServer[]) =>
  put<DomainOrdered>(`${PATH}/${id}/nameservers`, { nameservers })
export const askAuthCode = (id: string, key: string) =>
  post<{ authCode: string | null }>(`${PATH}/${id}/auth-code`, {}, key)
