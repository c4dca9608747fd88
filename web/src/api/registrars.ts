import type { z } from 'zod'
import type {
  Registrar,
  RegistrarCheck,
  registrarCreate,
  registrarUpdate,
  TldPrice,
  tldPriceSet,
} from '../../../shared/api/domainRegistrars.ts'
import { patch, post, put, remove } from './http.ts'
import { detailQuery, growingQuery, listQuery, type ListFilter } from './lists.ts'

export type { Registrar, RegistrarCheck, TldPrice }

const PATH = '/api/admin/domains/registrars'
const PRICES = '/api/admin/domains/tld-prices'

export const registrarsQuery = (filter: ListFilter) =>
  listQuery<Registrar, ListFilter>('registrars', PATH, filter)
export const registrarQuery = (id: string) => detailQuery<Registrar>('registrars', PATH, id)
export const createRegistrar = (body: z.input<typeof registrarCreate>, key: string) =>
  post<Registrar>(PATH, body, key)
export const updateRegistrar = ({ id, version }: Registrar, body: z.input<typeof registrarUpdate>) =>
  patch<Registrar>(`${PATH}/${id}`, body, version)
export const checkRegistrarConnection = (body: z.input<typeof registrarCreate>, key: string) =>
  post<RegistrarCheck>(`${PATH}/check`, body, key)
export const checkRegistrar = (id: string, key: string) =>
  post<RegistrarCheck>(`${PATH}/${id}/check`, {}, key)

export const pricesQuery = (registrarId: string) =>
  growingQuery<TldPrice>('tldPrices', PRICES, { registrarId, limit: '100' })
export const setPrice = (body: z.input<typeof tldPriceSet>) => put<TldPrice>(PRICES, body)
export const removePrice = (id: string) => remove<null>(`${PRICES}/${id}`)
