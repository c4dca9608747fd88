import type { Invoice, Plan, Subscription } from '../../../shared/api/billing.ts'
import type { OverLimit } from '../../../shared/states/cloudPodTraffic.ts'
import { told, type Ctx } from '../../context.ts'
import type { PriceRow, SubscriptionView } from '../../db/billing.ts'
import type { InvoiceView, LineRow } from '../../db/billingInvoices.ts'
import { toMoney } from '../../lib/money.ts'
import { soldIn } from './addonsSold.ts'

const iso = (date: Date | null): string | null => date?.toISOString() ?? null

type PlanRow = {
  id: string
  tenant_id: string | null
  code: string
  name: string
  cores: number
  memory_mb: number
  disk_gb: number
  traffic_gb: number | null
  rate_mbps: number | null
  over_limit: OverLimit
  node_tags: string[]
  state: 'active' | 'retired'
  created_at: Date
}

export const plan = (row: PlanRow, prices: PriceRow[]): Plan => ({
  id: row.id,
  tenantId: row.tenant_id,
  code: row.code,
  name: row.name,
  cores: row.cores,
  memoryMb: row.memory_mb,
  diskGb: row.disk_gb,
  trafficGb: row.traffic_gb,
  rateMbps: row.rate_mbps,
  overLimit: row.over_limit,
  nodeTags: row.node_tags,
  state: row.state,
  prices: prices.map(price),
  createdAt: row.created_at.toISOString(),
})

export const price = (row: PriceRow): Plan['prices'][number] => ({
  trialDays: row.trial_days,
  trialThen: row.trial_then,
  id: row.id,
  currency: row.currency,
  interval: row.interval,
  intervalCount: row.interval_count,
  unit: toMoney(row.unit_minor, row.currency),
  setup: toMoney(row.setup_minor, row.currency),
  paused: toMoney(row.paused_minor, row.currency),
})

/** The newest change, as long as it is not simply done or taken back, or mended since. */
function changeOf(ctx: Ctx, row: SubscriptionView): Subscription['change'] {
  const change = row.change
  if (change === null || change.state === 'cancelled') return null
  if (change.state === 'done' && (change.problem === null || !change.larger)) return null
  return {
    id: change.id,
    state: change.state,
    plan: { id: change.plan_id, code: change.plan_code, name: change.plan_name },
    price: {
      id: change.price_id,
      currency: row.currency,
      interval: change.interval,
      intervalCount: change.interval_count,
      unit: toMoney(BigInt(change.unit_minor), row.currency),
      setup: toMoney(BigInt(change.setup_minor), row.currency),
      paused: toMoney(BigInt(change.paused_minor), row.currency),
      trialDays: change.trial_days,
      trialThen: change.trial_then,
    },
    effectiveAt: new Date(change.effective_at).toISOString(),
    problem: told(ctx, change.problem, 'The CloudPod could not be resized. Your provider sees the details.'),
  }
}

export const subscription = (ctx: Ctx, row: SubscriptionView): Subscription => ({
  id: row.id,
  tenantId: row.tenant_id,
  customer: { id: row.customer_id, name: row.customer_name },
  provider: row.provider,
  state: row.state,
  plan: { id: row.plan_id, code: row.plan_code, name: row.plan_name },
  price: {
    id: row.price_id,
    currency: row.currency,
    interval: row.interval,
    intervalCount: row.interval_count,
    unit: toMoney(row.unit_minor, row.currency),
    setup: toMoney(row.setup_minor, row.currency),
    paused: toMoney(row.paused_minor, row.currency),
    trialDays: row.price_trial_days,
    trialThen: row.price_trial_then,
  },
  addons: soldIn(row.addons).map(({ id, name, quantity, unitMinor }) => ({
    id,
    name,
    quantity,
    unit: toMoney(BigInt(unitMinor), row.currency),
  })),
  coupon:
    row.coupon_code === null
      ? null
      : {
          code: row.coupon_code,
          name: row.coupon_name ?? '',
          off: {
            percentPpm: row.coupon_percent_ppm,
            amount: row.coupon_amount_minor === null ? null : toMoney(row.coupon_amount_minor, row.currency),
          },
          periodsLeft: row.coupon_until === null ? null : Math.max(0, row.coupon_until - row.periods_billed),
        },
  trial:
    row.trial_days > 0 && row.periods_billed === 0
      ? {
          days: row.trial_days,
          after: row.trial_then,
          endsAt: row.state === 'trialing' ? iso(row.period_end) : null,
        }
      : null,
  periodStart: iso(row.period_start),
  periodEnd: iso(row.period_end),
  paymentDueAt: iso(row.payment_due_at),
  cancelAt: iso(row.cancel_at),
  cancelReason: row.cancel_reason,
  change: changeOf(ctx, row),
  hold:
    row.hold_until === null
      ? null
      : {
          until: row.hold_until.toISOString(),
          reason: row.hold_reason ?? '',
          by: (row.hold_by as { label?: string } | null)?.label ?? '',
        },
  pause:
    row.paused_at === null
      ? null
      : {
          since: row.paused_at.toISOString(),
          until: row.paused_until,
          reason: row.pause_reason ?? '',
          by: (row.paused_by as { label?: string } | null)?.label ?? '',
        },
  deliveryProblem: told(
    ctx,
    row.delivery_problem,
    'The CloudPod could not be made. Your provider sees the details.',
  ),
  startedAt: iso(row.started_at),
  endedAt: iso(row.ended_at),
  pod:
    row.pod_id === null
      ? null
      : {
          id: row.pod_id,
          hostname: row.pod_hostname ?? '',
          state: row.pod_state ?? '',
          powerState: row.pod_power_state ?? 'unknown',
        },
  version: row.version,
  createdAt: row.created_at.toISOString(),
})

export const invoice = (row: InvoiceView, lines: LineRow[]): Invoice => {
  const money = (minor: bigint) => toMoney(minor, row.currency)
  return {
    id: row.id,
    tenantId: row.tenant_id,
    customer: { id: row.customer_id, name: row.customer_name },
    subscriptionId: row.subscription_id,
    number: row.number,
    status: row.status,
    issueDate: row.issue_date,
    dueDate: row.due_date,
    subtotal: money(row.subtotal_minor),
    tax: money(row.tax_minor),
    total: money(row.total_minor),
    paid: money(row.paid_minor),
    credited: money(row.credited_minor),
    lines: lines.map((line) => ({
      lineNo: line.line_no,
      kind: line.kind,
      description: line.description,
      taxCategory: line.tax_category,
      taxRatePpm: line.tax_ppm,
      taxReason: line.tax_reason,
      net: money(line.net_minor),
      tax: money(line.tax_minor),
      gross: money(line.gross_minor),
    })),
    createdAt: row.created_at.toISOString(),
  }
}
