import { readFile } from 'node:fs/promises'
import type { MPanel, OrderPreview, Plan, Price } from '../../packages/client/src/index.ts'
import { asker } from './ask.ts'
import { CommandFailed, EXIT, notThere, wrongUse } from './failures.ts'
import { watch } from './jobs.ts'
import { moneyOf } from '../lib/money.ts'
import { print, type Printer } from './output.ts'
import { find, kindNamed } from './things.ts'

export type OrderOptions = {
  customer?: string
  plan?: string
  blueprint?: string
  hostname?: string
  interval?: string
  currency?: string
  coupon?: string
  /** Each `<code>`, or `<code>=<how many>`. */
  addon?: string[]
  region?: string
  'ssh-keys'?: string
  yes?: boolean
  wait?: boolean
  json?: boolean
}

/** Shows what a pod costs, and orders it when somebody agrees. @throws CommandFailed */
export async function order(mpanel: MPanel, options: OrderOptions, out: Printer): Promise<void> {
  const { hostname } = options
  for (const name of ['customer', 'plan', 'blueprint', 'hostname'] as const)
    if (!options[name]) throw wrongUse(`--${name} is missing`)
  const customer = await find(mpanel, kindNamed('customers'), options.customer)
  const plan = (await find(mpanel, kindNamed('plans'), options.plan)) as unknown as Plan
  const blueprint = await find(mpanel, kindNamed('blueprints'), options.blueprint)
  const price = priceOf(plan, options, String(customer['currency']))
  const path = { id: String(customer['id']) }
  const coupon = options.coupon === undefined ? {} : { coupon: options.coupon }
  const addons = await addonsOf(mpanel, options.addon ?? [])
  const asked = addons.map(({ addonId, quantity }) => `${addonId}:${quantity}`).join(',')
  const query = { priceId: price.id, ...coupon, ...(asked !== '' && { addons: asked }) }
  const preview = await mpanel.getOrderPreview({ path, query })
  const [problem] = preview.couponProblem === null ? preview.addonProblems : [preview.couponProblem]
  if (problem !== undefined) throw new CommandFailed(EXIT.refused, problem)
  if (!options.json) tell(preview, `${plan.name} for ${String(customer['name'])}`)
  if (options.yes !== true) await agree()

  const keys = options['ssh-keys']
  const made = await mpanel.createSubscription({
    body: {
      customerId: path.id,
      planId: plan.id,
      priceId: price.id,
      blueprintId: String(blueprint['id']),
      hostname: hostname ?? '',
      // Nobody pays another price than he was shown.
      shownTotalMinor: preview.total.amount,
      ...coupon,
      ...(addons.length > 0 && { addons }),
      ...(options.region === undefined ? {} : { region: options.region }),
      ...(keys === undefined ? {} : { sshKeys: await readFile(keys, 'utf8') }),
    },
  })
  const { subscription, invoice, job } = made
  const waits = options.wait === true && job !== null
  if (!waits || !options.json)
    out(made, () => {
      print(`Subscription ${subscription.id}: ${subscription.state}`)
      if (invoice)
        print(
          `Invoice ${invoice.number ?? invoice.id}: ${moneyOf(invoice.total)}, due ${invoice.dueDate ?? '–'}`,
        )
      print(job ? `Job ${job.id}` : 'The pod is made when the invoice is paid.')
    })
  if (waits) await watch(mpanel, job.id, out)
}

const MOST_PIECES = 1_000

/** Add-ons as they are typed, `backup` or `memory=2`. @throws CommandFailed */
async function addonsOf(
  mpanel: MPanel,
  typed: readonly string[],
): Promise<{ addonId: string; quantity: number }[]> {
  const found: { addonId: string; quantity: number }[] = []
  for (const one of typed) {
    const [code = '', count] = one.split('=')
    const quantity = count === undefined ? 1 : Number(count)
    if (!Number.isInteger(quantity) || quantity < 1 || quantity > MOST_PIECES)
      throw wrongUse(`--addon is <code> or <code>=<how many>, not ${one}`)
    found.push({ addonId: String((await find(mpanel, kindNamed('addons'), code))['id']), quantity })
  }
  return found
}

/** @throws CommandFailed when there is no such price, or more than one */
function priceOf(plan: Plan, options: OrderOptions, ordinary: string): Price {
  const interval = options.interval ?? 'month'
  const currency = options.currency ?? ordinary
  const [price, second] = plan.prices.filter(
    (one) => one.interval === interval && one.unit.currency === currency,
  )
  if (!price) throw notThere(`${plan.name} has no price for a ${interval} in ${currency}.`)
  if (second && second.intervalCount === price.intervalCount)
    throw new CommandFailed(EXIT.refused, `${plan.name} has several prices for a ${interval} in ${currency}.`)
  return price
}

function tell(preview: OrderPreview, title: string): void {
  print(title)
  for (const { description, amount } of preview.lines) print(`  ${description}  ${moneyOf(amount)}`)
  print(`  Tax (${preview.taxRatePpm / 10_000} %)  ${moneyOf(preview.tax)}`)
  print(`  Total  ${moneyOf(preview.total)}`)
  if (preview.trial) print(`  Free for the first ${preview.trial.days} days.`)
}

async function agree(): Promise<void> {
  if (!process.stdin.isTTY) throw wrongUse('Nothing was ordered. Say --yes to order without being asked')
  const { ask, close } = asker()
  try {
    const answer = await ask('Order this? [y/N] ')
    if (!/^y(es)?$/i.test(answer)) throw new CommandFailed(EXIT.refused, 'Nothing was ordered.')
  } finally {
    close()
  }
}
