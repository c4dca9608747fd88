import { parseArgs } from 'node:util'
import { readOperatorConfig, type OperatorConfig } from '../config.ts'
import type { MPanel } from '../../packages/client/src/index.ts'
import { completion, POWER_ACTIONS } from './completion.ts'
import { clientOf } from './credentials.ts'
import { failureOf, wrongUse } from './failures.ts'
import { watch } from './jobs.ts'
import { login, logout, whoami } from './login.ts'
import { order } from './order.ts'
import { fields, print, printerOf, table, type Printer } from './output.ts'
import { find, kindNamed, take } from './things.ts'

const ORDINARY_LIMIT = 50

/** Runs a command that speaks with an mPanel over its API. @returns the exit code */
export async function runOperator(args: string[]): Promise<number> {
  try {
    await dispatch(args, readOperatorConfig())
    return 0
  } catch (error) {
    const failure = failureOf(error)
    if (!failure) throw error
    process.stderr.write(`mpanel: ${failure.message}\n`)
    return failure.exitCode
  }
}

async function dispatch(args: string[], config: OperatorConfig): Promise<void> {
  const { values, positionals } = parse(args)
  const [command, first, second] = positionals
  const out = printerOf(values.json === true)
  switch (command) {
    case 'login':
      return login(config, values, out)
    case 'logout':
      return logout(config, out)
    case 'whoami':
      return whoami(config, out)
    case 'completion':
      return print(completion(first))
    case 'list':
      return list(await clientOf(config), first, values, out)
    case 'show': {
      const found = await find(await clientOf(config), kindNamed(first), second)
      return out(found, () => fields(found))
    }
    case 'order':
      return order(await clientOf(config), values, out)
    case 'power':
      return power(await clientOf(config), first, second, values, out)
    case 'jobs':
      if (first !== 'watch' || second === undefined) throw wrongUse('mpanel jobs watch <id>')
      return watch(await clientOf(config), second, out)
    case undefined:
    default:
      throw wrongUse(`There is no command ${command}`)
  }
}

type Values = ReturnType<typeof parse>['values']

/** @throws CommandFailed for an option that there is not */
function parse(args: string[]) {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean' } as const
  const options = {
    json: flag,
    all: flag,
    yes: flag,
    wait: flag,
    url: text,
    email: text,
    tenant: text,
    customer: text,
    state: text,
    search: text,
    limit: text,
    filter: { ...text, multiple: true },
    plan: text,
    blueprint: text,
    hostname: text,
    interval: text,
    currency: text,
    coupon: text,
    addon: { ...text, multiple: true },
    region: text,
    'ssh-keys': text,
  } as const
  try {
    return parseArgs({ args, options, allowPositionals: true })
  } catch (error) {
    throw wrongUse((error as Error).message.replace(/\.$/, ''))
  }
}

async function list(mpanel: MPanel, name: string | undefined, values: Values, out: Printer): Promise<void> {
  const kind = kindNamed(name)
  const query: Record<string, string> = {}
  for (const filter of values.filter ?? []) {
    const at = filter.indexOf('=')
    if (at < 1) throw wrongUse(`--filter is <name>=<value>, not ${filter}`)
    query[filter.slice(0, at)] = filter.slice(at + 1)
  }
  if (values.state !== undefined) query[kind.state ?? 'state'] = values.state
  if (values.search !== undefined) query['q'] = values.search
  if (values.tenant !== undefined)
    query['tenantId'] = String((await find(mpanel, kindNamed('tenants'), values.tenant))['id'])
  if (values.customer !== undefined)
    query['customerId'] = String((await find(mpanel, kindNamed('customers'), values.customer))['id'])
  const limit = values.all === true ? Infinity : Number(values.limit ?? ORDINARY_LIMIT)
  if (!(limit >= 1)) throw wrongUse('--limit is a number from 1 on')
  const { items, more } = await take(mpanel, kind, query, limit)
  out(items, () => table(items, kind.columns))
  if (more) process.stderr.write(`There are more than ${limit}: say --all, or a larger --limit.\n`)
}

async function power(
  mpanel: MPanel,
  action: string | undefined,
  which: string | undefined,
  values: Values,
  out: Printer,
): Promise<void> {
  const wanted = POWER_ACTIONS.find((one) => one === action)
  if (!wanted) throw wrongUse(`Say what to do: ${POWER_ACTIONS.join(', ')}`)
  const path = { id: String((await find(mpanel, kindNamed('pods'), which))['id']) }
  const answer = await mpanel[`${wanted}CloudPod`]({ path })
  if (values.wait === true) return watch(mpanel, answer.job.id, out)
  out(answer, () => print(`Job ${answer.job.id}: mpanel jobs watch ${answer.job.id}`))
}
