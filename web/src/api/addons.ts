import type { z } from 'zod'
import type { Addon, addonCreate } from '../../../shared/api/billingAddons.ts'
import { patch, post } from './http.ts'
import { listQuery, type ListFilter } from './lists.ts'

export type { Addon }

const PATH = '/api/admin/billing/addons'

export const addonsQuery = (filter: ListFilter) => listQuery<Addon, ListFilter>('addons', PATH, filter)
export const createAddon = (body: z.input<typeof addonCreate>, key: string) => post<Addon>(PATH, body, key)
export const setAddonState = (id: string, state: Addon['state'], version: number) =>
  patch<Addon>(`${PATH}/${id}`, { state }, version)
