import { createHash } from 'node:crypto'
import * as fc from 'fast-check'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { hookSignature } from '../../sim/whmcs/hooks.ts'
import { PLAIN, type Dial } from '../../sim/whmcs/model.ts'
import { startWhmcsSim, type Fault, type WhmcsSim } from '../../sim/whmcs/server.ts'
import { createBilling, stripeAt } from '../../src/integrations/billing/client.ts'
import type { RecordInvoice, RecordPage } from '../../src/integrations/billing/recordTypes.ts'
import type { BillingProvider } from '../../src/integrations/billing/types.ts'
import { minorOf, toWhmcs } from '../../src/integrations/billing/whmcsMoney.ts'
import { newId } from '../../src/lib/ids.ts'
import { networks, sendOutgoing } from '../../src/lib/outgoing.ts'
import { billingContract, value, type Subject } from './billing.ts'

let sim: WhmcsSim
let clock: Date | null = null
const now = (): Date => clock ?? new Date()
beforeAll(async () => {
  sim = await startWhmcsSim({ now })
})
afterAll(() => sim.close())
afterEach(() => {
  sim.clearFaults()
  Object.assign(sim.dial, PLAIN)
  clock = null
})

type More = Partial<{ url: string; identifier: string; secret: string; accessKey: string; timeoutMs: number }>
const providerOf = (more: More = {}): BillingProvider =>
  createBilling(
    {
      stripe: stripeAt('https://api.example.com', 1),
      send: (request) => sendOutgoing(networks(['127.0.0.0/8']), request),
      now,
    },
    {
      kind: 'whmcs',
      url: sim.url,
      identifier: sim.identifier,
      secret: sim.secret,
      accessKey: null,
      webhookSecret: 'hook-secret',
      ...more,
    },
  )

const api = async (action: string, fields: Record<string, string> = {}): Promise<Record<string, unknown>> => {
  const { identifier, secret } = sim
  const answer = await fetch(`${sim.url}/includes/api.php`, {
    method: 'POST',
    body: new URLSearchParams({ action, identifier, secret, responsetype: 'json', ...fields }),
  })
  return (await answer.json()) as Record<string, unknown>
}

describe('WHMCS', () => {
  billingContract((): Subject => ({
    provider: providerOf(),
    leaveCard: (customerRef, card) =>
      Promise.resolve(`${customerRef}/${sim.card(Number(customerRef), card === 'works').id}`),
    isMute: true,
  }))
})

const customer = async (name = 'Ada Example', provider = providerOf()): Promise<string> => {
  const mark = newId()
  return value(
    await provider.createCustomer(
      { key: mark, mark },
      { name, email: `${mark}@example.com`, currency: 'EUR' },
    ),
  )
}
const asked = (customerRef: string, mark = newId()) => ({
  key: mark,
  mark,
  customerRef,
  amountMinor: 499n,
  currency: 'EUR',
  description: 'Invoice INV-000001',
})
const link = (customerRef: string, mark = newId()) => ({
  ...asked(customerRef, mark),
  returnUrl: 'https://panel.example.com/back',
  expiresAt: new Date(Math.floor(now().getTime() / 1000 + 3_600) * 1000),
})
const invoicesOf = (customerRef: string) =>
  [...sim.world.invoices.values()].filter(({ clientid }) => clientid === Number(customerRef))

describe('an answer of WHMCS', () => {
  let record: NonNullable<BillingProvider['record']>
  let ref: string
  beforeEach(async () => {
    record = providerOf().record!
    ref = await customer()
  })

  it('reads the same in every shape that a list can have', async () => {
    for (const rows of [0, 1, 3]) {
      const whose = await customer()
      for (let at = 0; at < rows; at++)
        await api('AddOrder', { clientid: whose, 'pid[0]': '2', 'domain[0]': `vm${at}.example.com` })
      const shapes: Partial<Dial>[] = [
        { empty: 'text' },
        { empty: 'array' },
        { empty: 'object' },
        { empty: 'missing' },
        { single: 'object' },
        { single: 'array' },
        { many: 'numbered' },
        { many: 'array' },
      ]
      for (const shape of shapes) {
        Object.assign(sim.dial, PLAIN, shape)
        const found = value(await record.services(0)).items.filter(({ clientRef }) => clientRef === whose)
        expect(found.map(({ name }) => name)).toEqual(
          Array.from({ length: rows }, (_, at) => `vm${at}.example.com`),
        )
        expect(value(await providerOf().findPages('none', whose, now()))).toEqual([])
        for (const { product, recurringMinor, status, nextDue } of found)
          expect({ product, recurringMinor, status, nextDue }).toEqual({
            product: 'Cloud M & more',
            recurringMinor: 2590n,
            status: 'pending',
            nextDue: now().toISOString().slice(0, 10),
          })
      }
    }
  })

  it('has text without entities, once, and never the password of a service', async () => {
    const name = `O'Neil & <Söhne> "&amp;" 🦄`
    const whose = await customer(name)
    expect(value(await record.client(whose)).name).toBe(name)
    await api('AddOrder', { clientid: whose, 'pid[0]': '1' })
    const services = await record.services(0)
    expect(
      JSON.stringify(services, (_, one: unknown) => (typeof one === 'bigint' ? String(one) : one)),
    ).not.toContain('pw-of-service')
  })

  it('is paged as WHMCS likes, and read to the end while rows are added', async () => {
    sim.dial.maxLimit = 3
    for (let at = 0; at < 7; at++)
      await api('CreateInvoice', { userid: ref, itemdescription1: 'x', itemamount1: '1.00' })
    const page = value(await providerOf().payPage(link(ref)))
    expect(value(await providerOf().findPages(page.mark ?? '', ref, now()))).toMatchObject([
      { ref: page.ref },
    ])
    const seen = new Set<string>()
    for (let from: number | null = 0; from !== null;) {
      const read: RecordPage<RecordInvoice> = value(await record.invoices(from))
      for (const one of read.items) seen.add(one.ref)
      if (seen.size === 3)
        await api('CreateInvoice', { userid: ref, itemdescription1: 'y', itemamount1: '1.00' })
      from = read.next
    }
    expect(seen.size).toBe(sim.world.invoices.size)
  })

  it('has money in whole minor units, and no day where there is none', async () => {
    const order = await api('AddOrder', { clientid: ref, 'pid[0]': '1', noinvoice: '1' })
    const service = sim.world.services.get(Number(order['serviceids']))
    if (service) service.cycle = 'One Time'
    expect(value(await record.service(String(order['serviceids'])))).toMatchObject({
      nextDue: null,
      recurringMinor: 1295n,
    })
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 10n ** 12n }),
        fc.constantFrom('EUR', 'JPY', 'KWD'),
        (minor, currency) => {
          const there = toWhmcs(minor, currency)
          if (there === null) expect([currency, minor % 10n === 0n]).toEqual(['KWD', false])
          else expect(minorOf(there, currency)).toBe(minor)
        },
      ),
    )
    expect(() => minorOf('1234567890123456.00', 'EUR')).toThrow('no number')
    expect([minorOf('$-8.67 USD', 'USD'), minorOf('1,234.50', 'EUR'), minorOf('1200.00', 'JPY')]).toEqual([
      -867n,
      123_450n,
      1200n,
    ])
    expect(() => minorOf('12.50', 'JPY')).toThrow('finer')
  })

  it('takes tax and totals as WHMCS has counted them', async () => {
    const items = {
      itemdescription1: 'a',
      itemamount1: '0.33',
      itemtaxed1: '1',
      itemdescription2: 'b',
      itemamount2: '0.33',
      itemtaxed2: '1',
    }
    const { invoiceid } = await api('CreateInvoice', { userid: ref, taxrate: '22.00', ...items })
    const all = value(await record.invoices(0)).items
    // 22 % of 0.66 is 0.15; by the line it is 0.07 twice.
    expect(all.find((one) => one.ref.endsWith(`/${String(invoiceid)}`))).toMatchObject({
      subtotalMinor: 66n,
      taxMinor: 14n,
      totalMinor: 80n,
    })
  })

  it('says that a client, an invoice and a service are gone, and a list goes on without them', async () => {
    await api('CreateInvoice', { userid: ref, itemdescription1: 'x', itemamount1: '1.00' })
    sim.fault({ action: 'GetInvoice', error: 'Invoice ID Not Found' })
    expect(value(await record.invoices(0)).items).toHaveLength(sim.world.invoices.size - 1)
    for (const gone of [
      await record.client('999999'),
      await record.service('999999'),
      await record.invoice('x/9'),
      await providerOf().payment('9'),
    ])
      expect(gone).toMatchObject({ outcome: 'rejected', code: 'missing' })
  })
})

describe('what went wrong', () => {
  it('is told by the sentence: who asks, from where, and which action the role lacks', async () => {
    expect(await providerOf({ secret: 'wrong' }).health()).toMatchObject({ code: 'unauthorized' })
    sim.world.allowedIps = ['192.0.2.1']
    expect(await providerOf().health()).toMatchObject({
      code: 'forbidden',
      message: expect.stringContaining('127.0.0.1') as string,
    })
    sim.world.accessKey = 'open-sesame'
    expect(await providerOf({ accessKey: 'open-sesame' }).health()).toMatchObject({ outcome: 'ok' })
    sim.world.allowedIps = []
    const identifier = sim.credential('s', ['WhmcsDetails', 'GetClients', 'GetInvoices'])
    expect(value(await providerOf({ identifier, secret: 's' }).health()).problems).toEqual([
      'The API role of this identifier lacks the action getclientsproducts: add it in WHMCS.',
    ])
    expect(JSON.stringify(await providerOf({ secret: 'canary-secret' }).health())).not.toContain('canary')
  })

  it('is named by the daily task that does not run, and by a missing hook secret', async () => {
    sim.cron()
    clock = new Date(Date.now() + 30 * 3_600_000)
    expect(value(await providerOf().health()).problems).toEqual([expect.stringContaining('cron') as string])
  })

  it.each<[string, Fault]>([
    ['a connection cut after the deed', { lost: 'after' }],
    ['an answer that comes too late', { delayMs: 900, after: true }],
    ['a page for people after the deed', { page: 200, done: true }],
    ['a page of a proxy', { page: 503, done: true }],
    ['half an answer', { truncated: true }],
  ])('is unknown, and the same words then find what was made: %s', async (_, fault) => {
    const provider = providerOf({ timeoutMs: 500 })
    const mark = newId()
    const card = { name: 'Ada', email: `${mark}@example.com`, currency: 'EUR' }
    sim.fault({ action: 'AddClient', ...fault })
    expect((await provider.createCustomer({ key: mark, mark }, card)).outcome).toBe('unknown')
    const ref = value(await provider.createCustomer({ key: mark, mark }, card))
    expect([...sim.world.clients.values()].filter(({ email }) => email === card.email)).toHaveLength(1)
    const method = `${ref}/${sim.card(Number(ref)).id}`
    const [page, charge] = [link(ref), { ...asked(ref), methodRef: method }]
    sim.fault({ action: 'CreateInvoice', ...fault })
    expect((await provider.payPage(page)).outcome).toBe('unknown')
    expect(value(await provider.payPage(page)).status).toBe('open')
    sim.fault({ action: 'CapturePayment', ...fault })
    expect((await provider.charge(charge)).outcome).toBe('unknown')
    expect(value(await provider.charge(charge))).toMatchObject({ status: 'succeeded', amountMinor: 499n })
    expect(invoicesOf(ref)).toHaveLength(2)
    expect(
      [...sim.world.transactions.values()].filter(({ clientid }) => clientid === Number(ref)),
    ).toHaveLength(1)
  })

  it.each<[string, Fault]>([
    ['a notice of PHP', { before: 'notice' }],
    ['a mark of the order of bytes', { before: 'bom' }],
  ])('is nothing when only this stands before the answer: %s', async (_, fault) => {
    sim.fault({ action: 'WhmcsDetails', ...fault })
    expect(await providerOf().health()).toMatchObject({ outcome: 'ok' })
  })

  it('is proven not to be done when nobody was there', async () => {
    const closed = await startWhmcsSim()
    await closed.close()
    expect(await providerOf({ url: closed.url }).health()).toMatchObject({
      code: 'unreachable',
      retryable: true,
    })
  })
})

describe('what is made in WHMCS', () => {
  it('is made once though two ask at once, and never two calls for one customer at a time', async () => {
    const provider = providerOf()
    const ref = await customer('Ada', provider)
    const same = link(ref)
    const before = sim.atOnce
    const pages = await Promise.all([
      provider.payPage(same),
      provider.payPage(same),
      provider.payPage(link(ref)),
    ])
    expect(new Set(pages.map((one) => value(one).ref)).size).toBe(2)
    expect(sim.atOnce).toBe(Math.max(before, 1))
    expect(invoicesOf(ref)).toHaveLength(2)
  })

  it('is cut back to one when an answer came so late that it was made twice', async () => {
    const ref = await customer()
    const same = link(ref)
    value(await providerOf().payPage(same))
    const [first] = invoicesOf(ref)
    if (first) sim.world.invoices.set(sim.world.nextId, { ...first, id: sim.world.nextId++ })
    value(await providerOf().payPage(same))
    expect(invoicesOf(ref).map(({ status }) => status)).toEqual(['Unpaid', 'Cancelled'])
  })

  it('is paid once, however often a payment of one name is written down there, and with more than is open', async () => {
    const ref = await customer()
    const page = value(await providerOf().payPage(link(ref)))
    const invoiceid = page.ref.split('/')[1] ?? ''
    await api('AddInvoicePayment', { invoiceid, transid: 't1', gateway: 'bank', amount: '3.00' })
    expect(value(await providerOf().page(page.ref)).status).toBe('open')
    await api('AddInvoicePayment', { invoiceid, transid: 't1', gateway: 'bank', amount: '3.00' })
    expect(value(await providerOf().page(page.ref))).toMatchObject({
      status: 'complete',
      paymentRef: page.ref,
      url: null,
    })
    expect(value(await providerOf().payment(page.ref))).toMatchObject({
      status: 'succeeded',
      amountMinor: 499n,
      refunds: [],
    })
    await api('AddTransaction', {
      paymentmethod: 'bank',
      userid: ref,
      invoiceid,
      transid: 'back',
      amountout: '2.00',
    })
    expect(value(await providerOf().refunds(page.ref))).toMatchObject([
      { amountMinor: 200n, status: 'succeeded' },
    ])
  })

  it('ends with its time: a page, and a capture of which nothing was heard', async () => {
    const ref = await customer()
    const page = value(await providerOf().payPage(link(ref)))
    const method = `${ref}/${sim.card(Number(ref)).id}`
    sim.fault({ action: 'CapturePayment', lost: 'before' })
    const charge = { ...asked(ref), methodRef: method }
    expect((await providerOf().charge(charge)).outcome).toBe('unknown')
    const [payment] = value(await providerOf().findPayments(charge.mark, ref, now()))
    expect(payment?.status).toBe('processing')
    clock = new Date(Date.now() + 2 * 3_600_000)
    expect(value(await providerOf().page(page.ref))).toMatchObject({ status: 'expired', url: null })
    expect(value(await providerOf().payment(payment?.ref ?? ''))).toMatchObject({
      status: 'declined',
      decline: { needsCustomer: true },
    })
    expect(invoicesOf(ref).map(({ status }) => status)).toEqual(['Cancelled', 'Cancelled'])
  })

  it('is not made for somebody else: a known address, another currency, another name', async () => {
    const ref = await customer()
    const email = sim.world.clients.get(Number(ref))?.email ?? ''
    const stranger = await providerOf().createCustomer(
      { key: 'k', mark: newId() },
      { name: 'Eve', email, currency: null },
    )
    expect(stranger).toMatchObject({ code: 'invalid', message: expect.stringContaining('import') as string })
    expect(await providerOf().payPage({ ...link(ref), currency: 'USD' })).toMatchObject({ code: 'invalid' })
    const mark = newId()
    const odd = { name: 'Ada', email: `${mark}@example.com`, currency: 'CHF' }
    expect(await providerOf().createCustomer({ key: mark, mark }, odd)).toMatchObject({
      code: 'invalid',
      message: expect.stringContaining('CHF') as string,
    })
    expect(await providerOf().payPage({ ...link(ref), amountMinor: 1n, currency: 'KWD' })).toMatchObject({
      code: 'invalid',
    })
  })
})

it('believes a message only when it is signed over these bytes, just now, and takes from it no more than numbers', () => {
  const provider = providerOf()
  const at = Math.floor(now().getTime() / 1000)
  const read = (body: string, more: { at?: number; secret?: string } = {}) =>
    provider.notice(
      Buffer.from(body),
      hookSignature(body, more.secret ?? 'hook-secret', more.at ?? at),
      now(),
    )
  const hook = JSON.stringify({ id: 'h1', event: 'InvoicePaid', at, invoice: 12, client: 3, total: '0.00' })
  const notice = read(hook)
  expect(notice).toMatchObject({
    id: 'h1',
    type: 'InvoicePaid',
    target: { kind: 'invoice', ref: expect.stringMatching(/^[0-9a-f]{8}\/12$/) as string },
  })
  expect(read(JSON.stringify({ id: 'h2', event: 'ClientEdit', client: '3' }))?.target).toEqual({
    kind: 'client',
    ref: '3',
  })
  expect(read(JSON.stringify({ id: 'h3', event: 'ServiceEdit', service: 5 }))?.target).toEqual({
    kind: 'service',
    ref: '5',
  })
  expect(read(JSON.stringify({ id: 'h4', event: 'DailyCronJob', client: 'x' }))?.target).toBeNull()
  for (const wrong of [
    read(hook, { at: at - 301 }),
    read(hook, { at: at + 301 }),
    read(hook, { secret: 'other' }),
    read('[]'),
    read('{}'),
  ])
    expect(wrong).toBeNull()
  const signature = hookSignature(hook, 'hook-secret', at)
  expect(provider.notice(Buffer.from(`${hook} `), signature, now())).toBeNull()
  expect(provider.notice(Buffer.from(hook), undefined, now())).toBeNull()
})

describe('the simulator', () => {
  it('reads forms only, and speaks JSON only to those who ask for it', async () => {
    const url = `${sim.url}/includes/api.php`
    const json = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"action":"GetClients"}',
    })
    expect(await json.text()).toBe('result=error;message=Authentication Failed;')
    const { identifier: username, secret } = sim
    const password = createHash('md5').update(secret).digest('hex')
    const text = await fetch(url, {
      method: 'POST',
      body: new URLSearchParams({ username, password, action: 'WhmcsDetails' }),
    })
    expect(await text.text()).toMatch(/^result=success;/)
    expect(await api('', {})).toMatchObject({ message: 'Empty action request' })
  })

  it('orders as often as it is asked, accepts once, and upgrades when that is paid', async () => {
    const ref = await customer()
    const order = () =>
      api('AddOrder', {
        clientid: ref,
        'pid[0]': '1',
        'billingcycle[0]': 'monthly',
        'customfields[0]': Buffer.from('a:1:{s:10:"mpanel_ref";s:5:"é-1";}').toString('base64'),
      })
    const [one, other] = [await order(), await order()]
    expect(one['serviceids']).not.toBe(other['serviceids'])
    const serviceid = String(one['serviceids'])
    expect(sim.world.services.get(Number(serviceid))?.ref).toBe('')
    expect(await api('AcceptOrder', { orderid: String(one['orderid']) })).toMatchObject({ result: 'success' })
    expect(await api('AcceptOrder', { orderid: String(one['orderid']) })).toMatchObject({
      message: 'Order ID not found or Status not Pending',
    })
    await api('AddInvoicePayment', { invoiceid: String(one['invoiceid']), transid: 'x', gateway: 'bank' })
    const upgrade = {
      serviceid,
      paymentmethod: 'bank',
      type: 'product',
      newproductid: '2',
      newproductbillingcycle: 'monthly',
    }
    const quote = await api('UpgradeProduct', { ...upgrade, calconly: 'true' })
    const done = await api('UpgradeProduct', upgrade)
    expect(done['price']).toBe(quote['price'])
    expect(await api('UpgradeProduct', upgrade)).toMatchObject({
      message: expect.stringContaining('still unpaid') as string,
    })
    expect(sim.world.services.get(Number(serviceid))?.pid).toBe(1)
    await api('AddInvoicePayment', { invoiceid: String(done['invoiceid']), transid: 'y', gateway: 'bank' })
    expect(sim.world.services.get(Number(serviceid))).toMatchObject({ pid: 2, recurring: 2590 })
    await api('UpdateClientProduct', { serviceid, status: 'Suspended' })
    expect(sim.world.services.get(Number(serviceid))).toMatchObject({ status: 'Suspended', running: true })
  })

  it('suspends what is overdue once, however long its daily task was away, and gives credit for its sentences', async () => {
    const ref = await customer()
    const { serviceids, orderid, invoiceid } = await api('AddOrder', { clientid: ref, 'pid[0]': '1' })
    await api('AcceptOrder', { orderid: String(orderid) })
    sim.advance(9)
    sim.cron()
    expect(sim.world.services.get(Number(serviceids))).toMatchObject({ status: 'Suspended', running: false })
    await api('AddCredit', { clientid: ref, amount: '100.00', type: 'add' })
    const apply = (amount: string) => api('ApplyCredit', { invoiceid: String(invoiceid), amount })
    expect(await apply('200.00')).toMatchObject({ message: 'Amount exceeds customer credit balance' })
    expect(await apply('50.00')).toMatchObject({ message: 'Amount Exceeds Invoice Balance' })
    expect(await apply('full')).toMatchObject({ invoicepaid: 'true' })
    expect(await apply('full')).toMatchObject({ message: 'Invoice Not in Unpaid Status' })
    expect(sim.world.services.get(Number(serviceids))?.status).toBe('Active')
    sim.advance(-9)
    const transaction = { paymentmethod: 'bank', transid: 'once', amountin: '1.00' }
    expect(await api('AddTransaction', { ...transaction, date: '30/11/2026' })).toMatchObject({
      result: 'success',
    })
    expect(await api('AddTransaction', transaction)).toMatchObject({
      message: 'Transaction ID must be Unique',
    })
    expect(
      await api('AddTransaction', { ...transaction, transid: 'other', date: '11/30/2026' }),
    ).toMatchObject({ message: 'Invalid Date Format' })
    await api('UpdateInvoice', { invoiceid: String(invoiceid), status: 'Cancelled' })
    expect(await api('AddInvoicePayment', { invoiceid: String(invoiceid), transid: 'z' })).toMatchObject({
      message: expect.stringContaining('Cancelled') as string,
    })
  })
})
