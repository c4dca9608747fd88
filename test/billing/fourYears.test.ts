import * as fc from 'fast-check'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Addon } from '../../shared/api/billingAddons.ts'
import * as settings from '../../src/db/tenantSettings.ts'
import { newId } from '../../src/lib/ids.ts'
import * as BillingService from '../../src/services/BillingService.ts'
import * as cloudPodService from '../../src/services/cloudPodService.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { rowsOf } from '../support/harnessWorld.ts'
import { ALL } from '../support/some.ts'
import { obey, run, travel } from './contractWorld.ts'
import { planOf } from './planWorld.ts'
import { books, deliver, makeRoom, orderAs, payment, shop, type Shop } from './world.ts'

/*
 * Four years of subscriptions with mixed intervals, month ends, the leap day, time zones, coupons, trials, add-ons, changes, larger plans
 * for which there is no room when they begin, pauses and cancellations. What the automation has billed is compared, period by period and to the cent, with a calculation on paper that knows
 * nothing of it.
 */

let app: TestApp
beforeAll(async () => {
  app = await startApp({ worker: false })
  await makeRoom(app)
  // So many at once are meant.
  await app.as((ctx) => settings.write(ctx.tx, null, 'automation.brakeMinimum', 1_000_000, ctx.now()))
})
afterAll(() => app.close())

type Interval = 'day' | 'week' | 'month' | 'year'
/** `paused`: what its disk costs on each renewal day that a pause passes over. */
type Terms = { interval: Interval; unit: number; setup: number; paused: number; trial: number }
/** The prices that are for sale; each is a plan of its own, all of one size. */
const PRICES = {
  month: { interval: 'month', unit: 1_001, setup: 0, paused: 199, trial: 0 },
  set: { interval: 'month', unit: 3_099, setup: 500, paused: 0, trial: 0 },
  week: { interval: 'week', unit: 257, setup: 0, paused: 31, trial: 0 },
  year: { interval: 'year', unit: 9_999, setup: 100, paused: 700, trial: 0 },
  tried: { interval: 'month', unit: 1_499, setup: 200, paused: 250, trial: 10 },
} as const satisfies Record<string, Terms>
type Key = keyof typeof PRICES
const KEYS = Object.keys(PRICES) as Key[]
/** By the week there is five times as much to be billed, and no more to be found out. */
const OFTEN: Key[] = ['month', 'set', 'tried', 'year', 'month', 'set', 'tried', 'week']
/** One piece of the add-on, by interval. */
const PIECE: Record<Interval, number> = { day: 3, week: 33, month: 101, year: 1_010 }
/** How large a pod is. */
const memoryOf = (key: Key, pieces: number): number => (key === 'set' ? 768 : 512) + 64 * pieces
const COUPONS = [
  null,
  { percent: 250_000, amount: 0, periods: 3 },
  { percent: 333_333, amount: 0, periods: null },
  { percent: 0, amount: 700, periods: 14 },
] as const

/** `pause`: for so many days. */
type Change = {
  after: number
  when: 'now' | 'period_end' | 'pause' | 'cancel'
  key: Key
  pieces: number
  days: number
  /** There is no room when it begins, if it is planned and larger. */
  fails: boolean
}
/** `pieces`: of the add-on, with the order. */
type Script = { start: string; key: Key; coupon: number; zone: number; pieces: number; changes: Change[] }
/** Noon of UTC is the same day in each. */
const ZONES = ['UTC', 'Europe/Rome', 'America/New_York', 'Asia/Kathmandu']

/** How many contracts: an everyday run takes a few. */
const COUNT = ALL ? 1_000 : 1

const SINCE = '2027-01-01'
/** Periods that begin before this day are compared. */
const UNTIL = '2031-01-01'
const STARTS = ['2027-01-31', '2027-03-30', '2028-02-29', '2027-12-31', '2027-08-15']
const script: fc.Arbitrary<Script> = fc.record({
  start: fc.oneof(
    fc.constantFrom(...STARTS),
    fc.integer({ min: 0, max: 700 }).map((days) => plusDays(SINCE, days)),
  ),
  key: fc.constantFrom(...OFTEN),
  zone: fc.integer({ min: 0, max: ZONES.length - 1 }),
  coupon: fc.integer({ min: 0, max: COUPONS.length - 1 }),
  pieces: fc.integer({ min: 0, max: 2 }),
  changes: fc.array(
    fc.record({
      after: fc.integer({ min: 1, max: 400 }),
      when: fc.constantFrom('now', 'now', 'period_end', 'period_end', 'pause', 'pause', 'cancel'),
      key: fc.constantFrom(...OFTEN),
      pieces: fc.integer({ min: 0, max: 3 }),
      days: fc.integer({ min: 1, max: 90 }),
      fails: fc.boolean(),
    }),
    { maxLength: 6 },
  ),
})

/** What went wrong once: an invoice over nothing for a period that never began was not taken back. */
const FOUND: Script = {
  start: '2027-01-15',
  key: 'week',
  zone: 1,
  coupon: 3,
  pieces: 0,
  changes: [
    { after: 6, when: 'period_end', key: 'month', pieces: 3, days: 1, fails: false },
    { after: 299, when: 'cancel', key: 'year', pieces: 0, days: 1, fails: false },
  ],
}
/** Larger plans that find no room, of the same interval and of another, and then one that does. */
const NO_ROOM: Script = {
  start: '2027-01-31',
  key: 'month',
  zone: 1,
  coupon: 1,
  pieces: 1,
  changes: [
    { after: 10, when: 'period_end', key: 'set', pieces: 1, days: 1, fails: true },
    { after: 60, when: 'period_end', key: 'year', pieces: 3, days: 1, fails: true },
    { after: 60, when: 'period_end', key: 'year', pieces: 3, days: 1, fails: false },
    { after: 400, when: 'period_end', key: 'month', pieces: 0, days: 1, fails: true },
  ],
}

/** Pauses over renewal days, one of them of a month end, of the leap day and until the cancellation. */
const STORED: Script = {
  start: '2027-12-31',
  key: 'month',
  zone: 1,
  coupon: 2,
  pieces: 1,
  changes: [
    { after: 20, when: 'pause', key: 'month', pieces: 0, days: 75, fails: false },
    { after: 100, when: 'pause', key: 'month', pieces: 0, days: 5, fails: false },
    { after: 90, when: 'pause', key: 'month', pieces: 0, days: 90, fails: false },
    { after: 80, when: 'cancel', key: 'month', pieces: 0, days: 1, fails: false },
  ],
}

/** Calendar days by the schoolbook. */
const isLeap = (year: number): boolean => (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0
const lengthOf = (year: number, month: number): number =>
  month === 2 ? (isLeap(year) ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31
const DAY_MS = 86_400_000
const plusDays = (date: string, days: number): string =>
  new Date(Date.parse(date) + days * DAY_MS).toISOString().slice(0, 10)
const between = (from: string, to: string): number => (Date.parse(to) - Date.parse(from)) / DAY_MS
function beginOf(anchor: string, interval: Interval, index: number): string {
  if (interval === 'day' || interval === 'week')
    return plusDays(anchor, index * (interval === 'week' ? 7 : 1))
  const [year = 0, month = 0, day = 0] = anchor.split('-').map(Number)
  const months = month - 1 + index * (interval === 'year' ? 12 : 1)
  const [y, m] = [year + Math.floor(months / 12), (months % 12) + 1]
  const clipped = Math.min(day, lengthOf(y, m))
  return [y, String(m).padStart(2, '0'), String(clipped).padStart(2, '0')].join('-')
}
/** Half up; all amounts here are small enough for numbers. */
const share = (amount: number, part: number, whole: number): number =>
  Math.floor((2 * amount * part + whole) / (2 * whole))

/** The days on which somebody wants a change, the first after the trial. */
function wishes({ start, key, changes }: Script): (Change & { day: string })[] {
  let day = plusDays(start, PRICES[key].trial)
  return changes.map((change) => ({ ...change, day: (day = plusDays(day, change.after)) }))
}

/** What is billed, on paper: from, to, and what it comes to. */
function paper(of: Script): string[] {
  const billed: string[] = []
  const coupon = COUPONS[of.coupon] ?? null
  let { key, pieces } = of
  let anchor = plusDays(of.start, PRICES[key].trial)
  let index = 0
  /** After a pause the anchor is the first day of the period after the present one. */
  let anchored = 0
  let reaches = coupon?.periods ?? Number.POSITIVE_INFINITY
  const parts = (): [number, number] => {
    const { unit, interval } = PRICES[key]
    const off =
      coupon === null || index >= reaches
        ? 0
        : coupon.percent > 0
          ? share(unit, coupon.percent, 1_000_000)
          : Math.min(coupon.amount, unit)
    return [unit - off, pieces * PIECE[interval]]
  }
  const whole = (): number => parts()[0] + parts()[1]
  const begin = (at: number): string => beginOf(anchor, PRICES[key].interval, at - anchored)
  /** What is left of a period from a day on, each part rounded by itself. */
  const left = (day: string, from: string, to: string): number =>
    parts().reduce((sum, part) => sum + part - share(part, between(from, day), between(from, to)), 0)
  const note = (from: string, to: string, net: number) => billed.push(`${from} ${to} ${net}`)
  note(begin(0), begin(1), whole() + PRICES[key].setup)
  const waiting = wishes(of)
  for (;;) {
    let [from, to] = [begin(index), begin(index + 1)]
    let planned: Change | null = null
    while (waiting[0] !== undefined && waiting[0].day < to) {
      const wish = waiting.shift()
      if (wish === undefined || wish.day >= UNTIL) continue
      if (wish.when === 'cancel') return billed
      // Nobody wants anything else while a change is planned.
      if (planned !== null) continue
      if (wish.when === 'pause') {
        const back = plusDays(wish.day, wish.days)
        while (waiting[0] !== undefined && waiting[0].day < back && waiting[0].when !== 'cancel')
          waiting.shift()
        const ends =
          waiting[0] !== undefined && waiting[0].day < back && waiting[0].day < UNTIL ? waiting[0].day : null
        // Renewal days go on as if there were no pause; on the day of the end it is still paused, on that of the return not.
        for (let day = to, at = index + 1; day < back && day <= (ends ?? day); at++, day = begin(at))
          if (PRICES[key].paused > 0 && day < UNTIL) billed.push(`${day} storage ${PRICES[key].paused}`)
        if (ends !== null) return billed
        if (wish.days === 1) continue
        ;[from, to] = [plusDays(from, wish.days - 1), plusDays(to, wish.days - 1)]
        anchor = to
        reaches -= index
        index = 0
        anchored = 1
        continue
      }
      if (wish.key === key && wish.pieces === pieces) continue
      if (wish.when === 'period_end') {
        planned = wish
        continue
      }
      const credit = left(wish.day, from, to)
      const setup = wish.key === key ? 0 : PRICES[wish.key].setup
      const isSame = PRICES[wish.key].interval === PRICES[key].interval
      key = wish.key
      pieces = wish.pieces
      if (isSame) note(wish.day, to, left(wish.day, from, to) + setup - credit)
      else {
        anchor = wish.day
        anchored = 0
        reaches -= index
        index = 0
        ;[from, to] = [begin(0), begin(1)]
        note(from, to, whole() + setup - credit)
      }
    }
    index++
    let setup = 0
    if (planned?.fails === true && memoryOf(planned.key, planned.pieces) > memoryOf(key, pieces))
      planned = null
    if (planned !== null) {
      if (planned.key !== key) setup = PRICES[planned.key].setup
      if (PRICES[planned.key].interval !== PRICES[key].interval) {
        anchor = to
        anchored = 0
        reaches -= index
        index = 0
      }
      key = planned.key
      pieces = planned.pieces
    }
    if (begin(index) >= UNTIL) return billed
    note(begin(index), begin(index + 1), whole() + setup)
  }
}

type Market = {
  seller: Shop
  plans: Record<Key, Shop['plan']>
  addon: Addon
  coupons: (string | null)[]
  /** A blueprint that takes nothing larger than there is. */
  tight: string
}

async function market(zone: string): Promise<Market> {
  const seller = await shop(app)
  await rowsOf(app, sql`update tenants set billing_tz = ${zone} where id = ${seller.tenantId} returning id`)
  const plans = {} as Market['plans']
  for (const key of KEYS) {
    const { interval, unit, setup, paused, trial } = PRICES[key]
    const money = { unitMinor: String(unit), setupMinor: String(setup), pausedMinor: String(paused) }
    const price = { interval, ...money, trialDays: trial }
    plans[key] = await planOf(app, seller, [price], { memoryMb: memoryOf(key, 0) })
  }
  const prices = Object.entries(PIECE).map(([interval, unit]) => ({
    currency: 'EUR',
    interval,
    unitMinor: String(unit),
  }))
  const post = async <T>(path: string, body: object): Promise<T> => {
    const answer = await app.admin.post<T>(path, { tenantId: seller.tenantId, name: 'x', ...body })
    expect(answer.status, JSON.stringify(answer.body)).toBe(201)
    return answer.body
  }
  const addon = await post<Addon>('/api/admin/billing/addons', {
    code: 'pieces',
    maxQuantity: 3,
    memoryMb: 64,
    prices,
  })
  const coupons: (string | null)[] = []
  for (const [at, coupon] of COUPONS.entries()) {
    if (coupon === null) {
      coupons.push(null)
      continue
    }
    const { percent, amount, periods } = coupon
    const off = percent > 0 ? { percentPpm: percent } : { amountMinor: String(amount), currency: 'EUR' }
    await post('/api/admin/billing/coupons', { code: `COUPON-${at}`, periods, ...off })
    coupons.push(`COUPON-${at}`)
  }
  const tight = newId()
  const limits = { id: tight, code: `tight-${tight}`, name: tight, min_memory_mb: 16, max_memory_mb: 32 }
  await rowsOf(
    app,
    sql`insert into cloud_pod_blueprints
      select (jsonb_populate_record(b, ${JSON.stringify(limits)}::jsonb)).* from cloud_pod_blueprints b
      where b.id = ${seller.blueprintId}`,
  )
  return { seller, plans, addon, coupons, tight }
}

async function payOpen({ tenantId }: Shop): Promise<void> {
  const open = await rowsOf(
    app,
    sql<{
      id: string
      open: bigint
    }>`select id, total_minor - paid_minor - credited_minor as open from invoices
      where tenant_id = ${tenantId} and status = 'open'`,
  )
  for (const one of open)
    await app.as((ctx) => BillingService.recordPayment(ctx, tenantId, one.id, payment(one.open)))
}

/** What was billed and not taken back, also for the disk of what was paused: from, to, and what it comes to without what became credit. */
const billedOf = async (subscriptionId: string, zone: string): Promise<string[]> =>
  (
    await rowsOf(
      app,
      sql<{ line: string }>`select to_char(lower(l.period) at time zone ${zone}, 'YYYY-MM-DD') || ' '
          || to_char(upper(l.period) at time zone ${zone}, 'YYYY-MM-DD') || ' '
          || (select sum(a.net_minor) from invoice_lines a where a.invoice_id = i.id and a.kind <> 'carried') as line
        from invoices i join invoice_lines l on l.invoice_id = i.id and l.kind = 'recurring' and not l.voided
        where i.subscription_id = ${subscriptionId} and (lower(l.period) at time zone ${zone})::date < ${UNTIL}::date
        union all select substring(l.description from '\\d{4}-\\d\\d-\\d\\d') || ' storage ' || l.net_minor
        from invoices i join invoice_lines l on l.invoice_id = i.id and l.kind = 'storage'
        where i.subscription_id = ${subscriptionId} and substring(l.description from '\\d{4}-\\d\\d-\\d\\d') < ${UNTIL}`,
    )
  ).map(({ line }) => line)

/** The jobs of pods have ended, and what was to be resized was. */
async function endJobs(): Promise<void> {
  type Size = Parameters<typeof cloudPodService.markResized>[3]
  type Resize = { tenantId: string; podId: string; size: Size; changeId: string }
  const resizes = await rowsOf(
    app,
    sql<{ payload: Resize }>`select payload from provisioning_jobs_live
      where kind = 'cloudPod.resize' and state = 'ready' order by id`,
  )
  for (const { payload } of resizes)
    await app.as(async (ctx) => {
      const { tenantId, podId, size, changeId } = payload
      await BillingService.changeDone(ctx, tenantId, changeId)
      await cloudPodService.markResized(ctx, tenantId, podId, size, { pendingRestart: false })
    })
  await rowsOf(
    app,
    sql`update provisioning_jobs_live set state = 'cancelled', finished_at = now() where state in ('ready', 'blocked')`,
  )
}

const setBlueprint = (id: string, blueprintId: string) =>
  rowsOf(app, sql`update cloud_pods set blueprint_id = ${blueprintId} where subscription_id = ${id}`)

/** Does what is wished, unless something else is under way. */
async function doIt({ seller, plans, addon, tight }: Market, id: string, wish: Change & { day: string }) {
  const { tenantId } = seller
  const { change, state, cancelAt } = await app.as((ctx) => BillingService.get(ctx, tenantId, id))
  if (wish.when === 'cancel') {
    // What is paused has no period to end with: it ends at once.
    const when = state === 'paused' ? 'now' : 'period_end'
    if (cancelAt === null && state !== 'terminating')
      await app.as((ctx) => BillingService.cancel(ctx, tenantId, id, { when, reason: 'He has enough.' }))
    return
  }
  if (change?.state === 'planned' || cancelAt !== null || state !== 'active') return
  await setBlueprint(id, seller.blueprintId)
  if (wish.when === 'pause') {
    const until = plusDays(wish.day, wish.days)
    await app.as((ctx) => BillingService.pause(ctx, tenantId, id, { until, reason: 'He is away.' }))
    return obey(app, seller, id)
  }
  const addons = wish.pieces === 0 ? [] : [{ addonId: addon.id, quantity: wish.pieces }]
  const asked = { planId: plans[wish.key].id, addons, when: wish.when, restart: false }
  const priceId = plans[wish.key].prices[0]?.id
  const shown = await app.as((ctx) =>
    BillingService.previewChange(ctx, tenantId, id, { ...asked, ...(priceId !== undefined && { priceId }) }),
  )
  if (shown.blockers[0]?.message === 'It has this plan and price already.') return
  expect(shown.blockers).toEqual([])
  const { invoice } = await app.as((ctx) =>
    BillingService.change(ctx, tenantId, id, { token: shown.token ?? '' }),
  )
  if (wish.when === 'now') expect(invoice?.total).toEqual(shown.total)
  const grows = (shown.pod?.to.memoryMb ?? 0) > (shown.pod?.from.memoryMb ?? 0)
  if (wish.when === 'period_end' && wish.fails && grows) await setBlueprint(id, tight)
}

/** What its day has brought back is read back. */
async function comeBack({ seller }: Market, id: string): Promise<void> {
  const { state } = await app.as((ctx) => BillingService.get(ctx, seller.tenantId, id))
  if (state === 'unsuspending') await obey(app, seller, id)
}

type Due = { day: string; act: () => Promise<void> }

/** What happens to one contract on which day. */
async function planOne(here: Market, one: Script, began: (id: string) => void): Promise<Due[]> {
  const { seller } = here
  const body = { tenantId: seller.tenantId, name: 'Ada', email: 'ada@example.com' }
  const customer = (await app.admin.post<{ id: string }>('/api/admin/customers', body)).body
  const plan = here.plans[one.key]
  const coupon = here.coupons[one.coupon] ?? null
  const addons = one.pieces === 0 ? [] : [{ addonId: here.addon.id, quantity: one.pieces }]
  const priceId = plan.prices[0]?.id ?? ''
  const wished = { customerId: customer.id, planId: plan.id, priceId, coupon, addons }
  let id = ''
  const begin = async () => {
    const { subscription } = await app.as((ctx) => orderAs(ctx, seller, wished))
    await payOpen(seller)
    await app.as((ctx) => deliver(ctx, seller.tenantId, subscription.id))
    id = subscription.id
    began(id)
  }
  const due: Due[] = [{ day: one.start, act: begin }]
  for (const wish of wishes(one)) {
    if (wish.day < UNTIL) due.push({ day: wish.day, act: () => doIt(here, id, wish) })
    if (wish.when === 'pause') due.push({ day: plusDays(wish.day, wish.days), act: () => comeBack(here, id) })
  }
  return due
}

test(
  'four years of any contracts are billed as a calculation on paper says, period by period and to the cent',
  async () => {
    const scripts = [FOUND, NO_ROOM, STORED, ...fc.sample(script, COUNT)]
    const zones = ALL ? ZONES : [ZONES[scripts[0]?.zone ?? 0] ?? 'UTC']
    const markets = await Promise.all(zones.map(market))
    const marketOf = ({ zone }: Script): number => zone % markets.length
    const ids: string[] = []
    const due: Due[] = []
    for (const [at, one] of scripts.entries()) {
      const here = markets[marketOf(one)]
      if (here) due.push(...(await planOne(here, one, (id) => (ids[at] = id))))
    }
    for (let day = SINCE; day < plusDays(UNTIL, 30); day = plusDays(day, 12))
      due.push({ day, act: () => Promise.resolve() })
    let shown = ''
    for (const { day, act } of due.toSorted((one, other) => (one.day < other.day ? -1 : 1))) {
      // The automation works once a day on which something is wished.
      if (day !== shown) {
        travel(app, `${day}T12:00:00Z`)
        await run(app)
        await endJobs()
        for (const { seller } of markets) await payOpen(seller)
        shown = day
      }
      await act()
      await endJobs()
    }
    for (const [at, one] of scripts.entries())
      expect(
        (await billedOf(ids[at] ?? '', zones[marketOf(one)] ?? '')).toSorted(),
        JSON.stringify(one),
      ).toEqual(paper(one).toSorted())
    for (const { seller } of markets) {
      const { unbalanced, gaps, receivable, open, cash, payments } = await app.as((ctx) =>
        books(ctx, seller.tenantId),
      )
      expect({ unbalanced, gaps, receivable, cash }).toEqual({
        unbalanced: [],
        gaps: [],
        receivable: open,
        cash: payments,
      })
    }
  },
  ALL ? 7_200_000 : 300_000,
)
