import { queryOptions } from '@tanstack/react-query'
import type { z } from 'zod'
import type {
  closeBody,
  Closing,
  mergeBody,
  MergeChoice,
  MergePreview,
} from '../../../shared/api/customerMerge.ts'
import type { Customer } from '../../../shared/api/customers.ts'
import { get, post } from './http.ts'

export type { Closing, MergeChoice, MergePreview }

const PATH = '/api/admin/customers'

export const mergePreviewQuery = (into: string, from: string) =>
  queryOptions({
    queryKey: ['customers', 'merge', into, from] as const,
    queryFn: ({ signal }) => get<MergePreview>(`${PATH}/${into}/merge`, { from }, signal),
    // What is confirmed is what was looked at: it changes only when somebody asks for it again.
    staleTime: Infinity,
    gcTime: 0,
  })
export const mergeCustomer = (into: string, body: z.input<typeof mergeBody>, key: string) =>
  post<Customer>(`${PATH}/${into}/merge`, body, key)

type CloseFlags = Omit<z.input<typeof closeBody>, 'dryRun'>
/** What closing would mean; asked as a request of its own each time. */
export const closingQuery = (id: string, flags: CloseFlags) =>
  queryOptions({
    queryKey: ['customers', 'closing', id, flags] as const,
    queryFn: () => post<Closing>(`${PATH}/${id}/close`, { ...flags, dryRun: true }, crypto.randomUUID()),
    gcTime: 0,
  })
export const closeCustomer = (id: string, flags: CloseFlags, key: string) =>
  post<Closing>(`${PATH}/${id}/close`, flags, key)
export const reopenCustomer = (id: string, key: string) => post<Customer>(`${PATH}/${id}/reopen`, {}, key)
export const eraseCustomer = (id: string, reason: string, key: string) =>
  post<Customer>(`${PATH}/${id}/erase`, { reason }, key)

/** Addresses of files: the browser downloads them itself. */
export const customerDataFile = (id: string) => `${PATH}/${id}/export`
export function customersFile(filter: Record<string, string | undefined>): string {
  const set = Object.entries(filter).filter((entry): entry is [string, string] => Boolean(entry[1]))
  return `${PATH}/export?${new URLSearchParams([...set, ['bom', 'true']])}`
}
