import { queryOptions } from '@tanstack/react-query'
import type { z } from 'zod'
import type { Coupon, couponCreate, couponUpdate, OrderPreview } from '../../../shared/api/billingCoupons.ts'
import { get, patch, post } from './http.ts'
import { listQuery, type ListFilter } from './lists.ts'

export type { Coupon, OrderPreview }

const PATH = '/api/admin/billing/coupons'

export const couponsQuery = (filter: ListFilter) => listQuery<Coupon, ListFilter>('coupons', PATH, filter)
export const createCoupon = (body: z.input<typeof couponCreate>, key: string) => post<Coupon>(PATH, body, key)
export const updateCoupon = (id: string, body: z.input<typeof couponUpdate>, version: number) =>
  patch<Coupon>(`${PATH}/${id}`, body, version)

type Wished = { priceId: string; coupon: string; addons: readonly { addonId: string; quantity: number }[] }

/** What an order comes to, with the coupon if it counts. */
export const orderPreviewQuery = (customerId: string, wished: Wished) =>
  queryOptions({
    queryKey: ['subscriptions', 'order', customerId, wished] as const,
    queryFn: ({ signal }) =>
      get<OrderPreview>(
        `/api/admin/customers/${customerId}/order-preview`,
        {
          priceId: wished.priceId,
          coupon: wished.coupon || undefined,
          addons: wished.addons.map(({ addonId, quantity }) => `${addonId}:${quantity}`).join() || undefined,
        },
        signal,
      ),
  })
