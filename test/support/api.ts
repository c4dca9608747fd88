import type { Blueprint } from '../../shared/api/provisioning.ts'
import type { Customer } from '../../shared/api/customers.ts'
import type { Invoice, Plan, Subscription } from '../../shared/api/billing.ts'
import type { Job } from '../../shared/api/provisioning.ts'
import { newId } from '../../src/lib/ids.ts'

export type Answer<T> = { status: number; headers: Headers; body: T }

/** A caller of the API, as a browser session or with an API key. Nothing is thrown for an error answer. */
export type Api = {
  call<T>(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer<T>>
  get<T>(path: string): Promise<Answer<T>>
  post<T>(path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer<T>>
}

type Credentials = { email: string; password: string } | { key: string } | undefined

/** Calls whose answer brings a new token for the same session. */
const RENEWING = /^\/api\/auth\/(step-up|password|passkeys|mfa\/totp\/confirm)$/

/** The headers of a caller after an answer: like a browser it takes over the new token of its own session. */
export function renewed<H extends Record<string, string>>(
  own: H,
  path: string,
  answer: { headers: Headers },
): H {
  const cookie = RENEWING.test(path) ? answer.headers.get('set-cookie')?.split(';')[0] : undefined
  return cookie === undefined ? own : { ...own, cookie }
}

/** @throws Error when the log-in is refused */
export async function createApi(url: string, credentials: Credentials): Promise<Api> {
  let own: Record<string, string> = { 'sec-fetch-site': 'same-origin' }
  const call = async <T>(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer<T>> => {
    // A file goes as it is, with its own type.
    const isJson = body !== undefined && !(body instanceof Blob)
    const response = await fetch(url + path, {
      method,
      headers: { ...(isJson ? { 'content-type': 'application/json' } : {}), ...own, ...headers },
      ...(body === undefined ? {} : { body: isJson ? JSON.stringify(body) : body }),
      redirect: 'manual',
    })
    if ('cookie' in own) own = renewed(own, path, response)
    const text = await response.text()
    const json = /[/+]json/.test(response.headers.get('content-type') ?? '')
    return { status: response.status, headers: response.headers, body: (json ? JSON.parse(text) : text) as T }
  }
  if (credentials && 'key' in credentials) own['authorization'] = `Bearer ${credentials.key}`
  else if (credentials) {
    const answer = await call('POST', '/api/auth/login', credentials)
    if (answer.status !== 200) throw new Error(`log-in refused: ${JSON.stringify(answer.body)}`)
    own['cookie'] = (answer.headers.get('set-cookie') ?? '').split(';')[0] ?? ''
  }
  return {
    call,
    get: (path) => call('GET', path),
    post: (path, body, headers) => call('POST', path, body, headers),
  }
}

export type Order = {
  customerId: string
  planId: string
  priceId: string
  blueprintId: string
  hostname: string
}
export type Ordered = { subscription: Subscription; invoice: Invoice; job: Job | null }

/** A customer of the tenant and an order of the catalogue's smallest plan that is ready to be sent. */
export async function prepareOrder(
  api: Api,
  tenantId: string,
  change: { kind?: 'vm' | 'ct'; hostname?: string } = {},
): Promise<Order> {
  const customer = await api.post<Customer>('/api/admin/customers', {
    tenantId,
    name: 'Ada Example',
    email: 'ada@example.com',
  })
  const { plan, blueprint } = await catalogue(api, change.kind)
  return {
    customerId: customer.body.id,
    planId: plan.id,
    priceId: plan.prices.find((price) => price.interval === 'month')?.id ?? '',
    blueprintId: blueprint.id,
    hostname: change.hostname ?? `web-${newId().slice(-10)}`,
  }
}

/** The seeded plan `small` and the Debian blueprint of a kind. */
export async function catalogue(
  api: Api,
  kind: 'vm' | 'ct' = 'vm',
): Promise<{ plan: Plan; blueprint: Blueprint }> {
  const plans = await api.get<{ items: Plan[] }>('/api/admin/billing/plans')
  const blueprints = await api.get<{ items: Blueprint[] }>('/api/admin/provisioning/blueprints')
  const plan = plans.body.items.find((candidate) => candidate.code === 'small')
  const blueprint = blueprints.body.items.find((candidate) => candidate.code === `${kind}-debian-12`)
  if (!plan || !blueprint) throw new Error('the catalogue was not seeded')
  return { plan, blueprint }
}

/** Pays an invoice in full. */
export const pay = (api: Api, invoice: Invoice): Promise<Answer<{ subscription: Subscription }>> =>
  api.post(`/api/admin/billing/invoices/${invoice.id}/payments`, {
    amountMinor: invoice.total.amount,
    currency: invoice.total.currency,
    reference: newId(),
  })
