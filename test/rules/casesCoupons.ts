import type { Coupon } from '../../shared/api/billingCoupons.ts'
import { newId } from '../../src/lib/ids.ts'
import { deliver } from '../billing/world.ts'
import { prepareOrder, type Ordered } from '../support/api.ts'
import type { TestApp } from '../support/app.ts'
import type { Case } from './cases.ts'
import { good } from './pods.ts'

const COUPONS = '/api/admin/billing/coupons'

const terms = (tenantId: string) => ({
  tenantId,
  code: `C-${newId().slice(-12)}`,
  name: 'Welcome',
  percentPpm: 100_000,
})

export const couponIn = (app: TestApp, tenantId: string): Promise<Coupon> =>
  good(app.admin.post<Coupon>(COUPONS, terms(tenantId)))

/** A plan of the tenant's own that is tried first and then ends. */
async function onTrial(app: TestApp, tenantId: string): Promise<{ id: string }> {
  const code = `trial-${newId().slice(-10)}`
  const prices = [
    { currency: 'EUR', interval: 'month', unitMinor: '700', trialDays: 14, trialThen: 'cancel' },
  ]
  const size = { cores: 1, memoryMb: 2048, diskGb: 20 }
  const plan = await good(
    app.admin.post<{ id: string; prices: { id: string }[] }>('/api/admin/billing/plans', {
      tenantId,
      code,
      name: code,
      ...size,
      prices,
    }),
  )
  const order = {
    ...(await prepareOrder(app.admin, tenantId)),
    planId: plan.id,
    priceId: plan.prices[0]?.id ?? '',
  }
  const { subscription } = await good(app.admin.post<Ordered>('/api/admin/billing/subscriptions', order))
  await app.as((ctx) => deliver(ctx, tenantId, subscription.id))
  return { id: subscription.id }
}

const addonTerms = (tenantId: string) => ({
  tenantId,
  code: `addon-${newId().slice(-12)}`,
  name: 'Disk',
  diskGb: 10,
  prices: [{ currency: 'EUR', interval: 'month', unitMinor: '100' }],
})

export const addonIn = (app: TestApp, tenantId: string): Promise<{ id: string }> =>
  good(app.admin.post<{ id: string }>('/api/admin/billing/addons', addonTerms(tenantId)))

/** Coupons, add-ons, and what is tried first. */
export const COUPON_CASES: Record<string, Case> = {
  listCoupons: async (app, tenantId) => {
    await couponIn(app, tenantId)
    return {}
  },
  createCoupon: async (_, tenantId) => ({ body: terms(tenantId) }),
  updateCoupon: async (app, tenantId) => ({
    id: (await couponIn(app, tenantId)).id,
    body: { name: 'Farewell' },
  }),
  getOrderPreview: async (app, tenantId) => {
    const { customerId, priceId } = await prepareOrder(app.admin, tenantId)
    return { id: customerId, query: `?priceId=${priceId}` }
  },
  keepSubscription: onTrial,
  listAddons: async (app, tenantId) => {
    await addonIn(app, tenantId)
    return {}
  },
  createAddon: async (_, tenantId) => ({ body: addonTerms(tenantId) }),
  updateAddon: async (app, tenantId) => ({
    id: (await addonIn(app, tenantId)).id,
    body: { state: 'retired' },
  }),
}
