import type { z } from 'zod'
import type {
  CustomerContact,
  customerContactCreate,
  CustomerNote,
  CustomerStatistics,
} from '../../../shared/api/customerFile.ts'
import { queryOptions } from '@tanstack/react-query'
import { get, patch, post, remove } from './http.ts'
import { growingQuery } from './lists.ts'

export type { CustomerContact, CustomerNote }
export type ContactCreate = z.input<typeof customerContactCreate>

const of = (customerId: string, what: string) => `/api/admin/customers/${customerId}/${what}`

export const statisticsQuery = (customerId: string) =>
  queryOptions({
    queryKey: ['customers', 'statistics', customerId] as const,
    queryFn: ({ signal }) => get<CustomerStatistics>(of(customerId, 'statistics'), undefined, signal),
  })

export const contactsQuery = (customerId: string) =>
  growingQuery<CustomerContact>(`contacts of ${customerId}`, of(customerId, 'contacts'))
export const addContact = (customerId: string, body: ContactCreate, key: string) =>
  post<CustomerContact>(of(customerId, 'contacts'), body, key)
export const updateContact = (contact: CustomerContact, body: ContactCreate) =>
  patch<CustomerContact>(`/api/admin/customer-contacts/${contact.id}`, body, contact.version)
export const removeContact = (id: string) => remove<null>(`/api/admin/customer-contacts/${id}`)

export const notesQuery = (customerId: string, pinned: boolean) =>
  growingQuery<CustomerNote>(`notes of ${customerId}`, of(customerId, 'notes'), { pinned: String(pinned) })
export const addNote = (customerId: string, text: string, key: string) =>
  post<CustomerNote>(of(customerId, 'notes'), { text }, key)
export const pinNote = (note: CustomerNote, pinned: boolean) =>
  patch<CustomerNote>(`/api/admin/customer-notes/${note.id}`, { pinned }, note.version)
export const removeNote = (id: string) => remove<null>(`/api/admin/customer-notes/${id}`)
