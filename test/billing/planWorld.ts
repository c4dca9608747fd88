import type { ChangePreview } from '../../shared/api/billingChanges.ts'
import type { Plan } from '../../shared/api/billing.ts'
import { newId } from '../../src/lib/ids.ts'
import * as BillingService from '../../src/services/BillingService.ts'
import type { Wish } from '../../src/services/billing/quote.ts'
import type { TestApp } from '../support/app.ts'
import type { Shop } from './world.ts'

type Price = {
  interval: 'day' | 'week' | 'month' | 'year'
  unitMinor: string
  setupMinor?: string
  pausedMinor?: string
  trialDays?: number
}
type Size = { cores?: number; memoryMb?: number; diskGb?: number }

/** A further plan of a seller; as large as that of the shop where nothing is said. */
export async function planOf(app: TestApp, seller: Shop, prices: Price[], size: Size = {}): Promise<Plan> {
  const { body } = await app.admin.post<Plan>('/api/admin/billing/plans', {
    tenantId: seller.tenantId,
    code: `plan-${newId().slice(-10)}`,
    name: 'Other',
    cores: 1,
    memoryMb: 512,
    diskGb: 4,
    ...size,
    prices: prices.map((price) => ({ currency: 'EUR', ...price })),
  })
  return body
}

export const priceOf = (plan: Plan, interval: Price['interval']): string =>
  plan.prices.find((price) => price.interval === interval)?.id ?? ''

type Asked = Partial<Wish>
export const preview = (app: TestApp, { tenantId }: Shop, id: string, wish: Asked): Promise<ChangePreview> =>
  app.as((ctx) => BillingService.previewChange(ctx, tenantId, id, { when: 'now', restart: false, ...wish }))

export const carryOut = (app: TestApp, { tenantId }: Shop, id: string, token: string | null) =>
  app.as((ctx) => BillingService.change(ctx, tenantId, id, { token: token ?? '' }))

/** Looks at a change and makes it. */
export async function changeTo(app: TestApp, seller: Shop, id: string, wish: Asked) {
  const shown = await preview(app, seller, id, wish)
  return { shown, ...(await carryOut(app, seller, id, shown.token)) }
}

export const linesOf = ({ lines }: ChangePreview): string[] =>
  lines.map(({ kind, from, to, amount }) => `${kind} ${from ?? ''} ${to ?? ''} ${amount.amount}`)
