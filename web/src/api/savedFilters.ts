import { queryOptions } from '@tanstack/react-query'
import type { SavedFilter, SavedFilterCreate } from '../../../shared/api/authFilters.ts'
import { get, post, remove } from './http.ts'

export type { SavedFilter }

const PATH = '/api/auth/filters'

/** Those of all lists: nobody has many. */
export const savedFiltersQuery = queryOptions({
  queryKey: ['account', 'filters'],
  queryFn: ({ signal }) => get<{ items: SavedFilter[] }>(PATH, undefined, signal),
})
export const saveFilter = (given: SavedFilterCreate, key: string) => post<SavedFilter>(PATH, given, key)
export const removeSavedFilter = (id: string) => remove<void>(`${PATH}/${id}`)
