import type { Entry, Prefix } from './types.ts'

/** What NetBox answered has not the shape that we know. */
export class Unreadable extends Error {}

type Row = Record<string, unknown>

export function rowOf(value: unknown): Row {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Unreadable('an object was expected')
  return value as Row
}

const textOf = (row: Row, key: string): string => {
  const value = row[key]
  if (typeof value !== 'string') throw new Unreadable(`${key} is no text`)
  return value
}

export const idOf = (row: Row): number => {
  const { id } = row
  if (typeof id !== 'number' || !Number.isSafeInteger(id)) throw new Unreadable('id is no number')
  return id
}

/** A choice is `{ value, label }`. */
const choiceOf = (row: Row, key: string): string => textOf(rowOf(row[key]), 'value')

export function entryOf(value: unknown, field: string): Entry {
  const row = rowOf(value)
  const [address = '', length] = textOf(row, 'address').split('/')
  const { vrf, custom_fields: fields } = row
  const mark = rowOf(fields ?? {})[field]
  return {
    id: idOf(row),
    address,
    prefix: Number(length),
    vrfId: vrf === null || vrf === undefined ? null : idOf(rowOf(vrf)),
    status: choiceOf(row, 'status'),
    dnsName: textOf(row, 'dns_name'),
    description: textOf(row, 'description'),
    mark: typeof mark === 'string' && mark !== '' ? mark : null,
  }
}

export function prefixOf(value: unknown): Prefix {
  const row = rowOf(value)
  const { vrf } = row
  const inside = vrf === null || vrf === undefined ? null : rowOf(vrf)
  return {
    id: idOf(row),
    network: textOf(row, 'prefix'),
    vrf: inside && { id: idOf(inside), name: textOf(inside, 'name') },
  }
}

/** Of an address with its length, the address. */
export const bareAddress = (row: Row, key: string): string => textOf(row, key).split('/')[0] ?? ''

export function pageOf(value: unknown): { count: number; results: unknown[] } {
  const { count, results } = rowOf(value)
  if (typeof count !== 'number' || !Array.isArray(results)) throw new Unreadable('this is no list')
  return { count, results }
}
