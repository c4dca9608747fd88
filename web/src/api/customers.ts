import type { z } from 'zod'
import type {
  Customer,
  customerCreate,
  CustomerFilter,
  customerUpdate,
} from '../../../shared/api/customers.ts'
import { patch, post } from './http.ts'
import { detailQuery, listQuery, type ListFilter } from './lists.ts'

export type { Customer }
export type CustomerCreate = z.input<typeof customerCreate>
export type CustomerUpdate = z.input<typeof customerUpdate>

const PATH = '/api/admin/customers'

export const customersQuery = (
  filter: ListFilter & { [Name in keyof CustomerFilter]?: CustomerFilter[Name] | undefined },
) => listQuery<Customer, typeof filter>('customers', PATH, filter)
export const customerQuery = (id: string) => detailQuery<Customer>('customers', PATH, id)

export const createCustomer = (body: CustomerCreate, key: string) => post<Customer>(PATH, body, key)
export const updateCustomer = (customer: Customer, body: CustomerUpdate) =>
  patch<Customer>(`${PATH}/${customer.id}`, body, customer.version)
