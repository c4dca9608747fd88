import type { z } from 'zod'
import type {
  CustomerContact,
  customerContactCreate,
  CustomerNote,
  CustomerStatistics,
} from '../../../shared/api/customerFile.ts'
import { queryOptions } from '@tanstack/react-query'
import { get, patch, post, remove } from './http.ts'
import { listQuery, type ListFilter } from './lists.ts'

export type { CustomerContact, CustomerNote }
export type ContactCreate = z.input<typeof customerContactCreate>

const of = (customerId: string, what: string) => `/api/admin/customers/${customerId}/${what}`

export const statisticsQuery = (customerId: string) =>
  queryOptions({
    queryKey: ['customers', 'statistics', customerId] as const,
    queryFn: ({ signal }) => get<CustomerStatistics>(of(customerId, 'statistics'), undefined, signal),
  })

export const contactsQuery = (customerId: string, cursor: string | undefined) =>
  listQuery<CustomerContact, ListFilter>(`contacts of ${customerId}`, of(customerId, 'contacts'), { cursor })
export const addContact = (customerId: string, body: ContactCreate, key: string) =>
  post<CustomerContact>(of(customerId, 'contacts'), body, key)
export const updateContact = (contact: CustomerContact, body: ContactCreate) =>
  patch<CustomerContact>(`/api/admin/customer-contacts/${contact.id}`, body, contact.version)
export const removeContact = (id: string) => remove<null>(`/api/admin/customer-contacts/${id}`)

export const notesQuery = (customerId: string, { pinned, ...filter }: ListFilter & { pinned: boolean }) =>
  listQuery<CustomerNote, ListFilter & { pinned: string }>(
    `notes of ${customerId}`,
    of(customerId, 'notes'),
    {
      ...filter,
      pinned: String(pinned),
    },
  )
export const addNote = (customerId: string, text: string, key: string) =>
  post<CustomerNote>(of(customerId, 'notes'), { text }, key)
export const pinNote = (note: CustomerNote, pinned: boolean) =>
  patch<CustomerNote>(`/api/admin/customer-notes/${note.id}`, { pinned }, note.version)
export const removeNote = (id: string) => remove<null>(`/api/admin/customer-notes/${id}`)
