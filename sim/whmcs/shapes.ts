import { money, type Dial, type Params, type World, type Client } from './model.ts'

type Row = Record<string, unknown>

/** A list as WHMCS writes one: nested twice, and in several ways for none, one and several. */
export function list(dial: Dial, outer: string, inner: string, rows: readonly Row[]): Row {
  if (rows.length === 0) {
    if (dial.empty === 'missing') return {}
    return { [outer]: dial.empty === 'text' ? '' : dial.empty === 'array' ? [] : {} }
  }
  const [first] = rows
  if (rows.length === 1 && dial.single === 'object') return { [outer]: { [inner]: first } }
  const numbered = Object.fromEntries(rows.map((row, at) => [String(at), row]))
  return { [outer]: { [inner]: dial.many === 'numbered' ? numbered : rows } }
}

/** A page of a list: numbers are text or not, as it happens. */
export function page<T>(
  dial: Dial,
  params: Params,
  rows: readonly T[],
): { rows: T[]; head: { totalresults: string; startnumber: number; numreturned: number } } {
  const from = Number(params['limitstart'] ?? 0)
  const most = Math.min(Number(params['limitnum'] ?? 25), dial.maxLimit)
  const shown = rows.slice(from, from + most)
  return {
    rows: shown,
    head: { totalresults: String(rows.length), startnumber: from, numreturned: shown.length },
  }
}

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#039;',
}
/** Text is kept as it came from a form of the web. */
export const encoded = (text: string): string => text.replace(/[&<>"']/g, (one) => ENTITIES[one] ?? one)

export const NO_DAY = '0000-00-00'
export const NO_TIME = '0000-00-00 00:00:00'

/** A day as the installation writes it where it does not use its usual form. */
export function fromLocalDay({ days }: Dial, text: string): string | null {
  if (days === 'yyyy-mm-dd') return /^\d{4}-\d{2}-\d{2}$/.test(text) ? text : null
  const found = /^(\d{2})\/(\d{2})\/(\d{4})$/.exec(text)
  if (!found) return null
  const [, one = '', other = '', year = ''] = found
  const [date, month] = days === 'dd/mm/yyyy' ? [one, other] : [other, one]
  return Number(month) > 12 ? null : `${year}-${month}-${date}`
}

export const showClient = (world: World, client: Client): Row => ({
  id: client.id,
  client_id: client.id,
  firstname: encoded(client.firstname),
  lastname: encoded(client.lastname),
  companyname: encoded(client.companyname),
  email: client.email,
  country: client.country,
  countrycode: client.country,
  currency: client.currency,
  currency_code: world.currencies.find(({ id }) => id === client.currency)?.code,
  credit: money(client.credit),
  notes: encoded(client.notes),
  status: client.status,
  datecreated: client.created,
})
