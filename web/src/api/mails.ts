import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import type { Mail, MailBody, MailPage, MailTested } from '../../../shared/api/mails.ts'
import { get, post } from './http.ts'

export type { Mail, MailBody }

type MailFilter = { state?: Mail['state'] | undefined; q?: string | undefined; cursor?: string | undefined }

export const mailsQuery = (filter: MailFilter) =>
  queryOptions({
    queryKey: ['mails', 'list', filter] as const,
    queryFn: ({ signal }) => get<MailPage>('/api/admin/mails', filter, signal),
    placeholderData: keepPreviousData,
  })

/** Each reading is noted in the audit log, so it is not repeated by itself. */
export const mailQuery = (id: string) =>
  queryOptions({
    queryKey: ['mail', id] as const,
    queryFn: ({ signal }) => get<MailBody>(`/api/admin/mails/${encodeURIComponent(id)}`, undefined, signal),
    staleTime: Infinity,
    retry: false,
  })

export const sendTestMail = (key: string) => post<MailTested>('/api/admin/mails/test', {}, key)
