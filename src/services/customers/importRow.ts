import type { z } from 'zod'
import { customerCreate, customerUpdate, type Customer } from '../../../shared/api/customers.ts'
import type { ImportRow } from '../../../shared/api/customerFiles.ts'
import { AppError, type FieldError } from '../../errors.ts'
import { canonicalJson } from '../../lib/canonicalJson.ts'
import { OWN, readTags } from './csv.ts'
import { applyFields } from './fields.ts'
import { checkTaxIds } from './taxIds.ts'

export type Known = {
  tenantId: string
  fields: Parameters<typeof applyFields>[0][number][]
  /** By their names in lower case. */
  groups: Map<string, { id: string; name: string }>
}
export type Planned = ImportRow & {
  create?: z.infer<typeof customerCreate>
  update?: z.infer<typeof customerUpdate>
}

/** Columns whose text is the value; of most of them an empty cell takes the value away. */
const PLAIN = ['externalRef', 'kind', 'name', 'company', 'email', 'country', 'language'] as const
const NEEDED: readonly string[] = ['kind', 'name', 'email']

/**
 * What a row wants of a customer: the body of a creation or of an update with the columns the file has.
 * Faults are added to `problems`.
 */
function bodyOf(cells: Map<string, string>, known: Known, isNew: boolean, problems: FieldError[]) {
  const body: Record<string, unknown> = {}
  for (const column of PLAIN) {
    const text = cells.get(column)
    if (text === undefined || (isNew && text === '')) continue
    body[column] = text === '' && !NEEDED.includes(column) ? null : text
  }
  const group = cells.get('group')
  if (group !== undefined) {
    const found = known.groups.get(group.toLowerCase())
    if (group !== '' && !found) problems.push({ path: 'group', message: `there is no group "${group}"` })
    body['groupId'] = group === '' ? null : found?.id
  }
  const tags = cells.get('tags')
  if (tags !== undefined) body['tags'] = readTags(tags)
  for (const column of ['addresses', 'taxIds']) {
    const text = cells.get(column)
    if (text !== undefined) body[column] = text === '' ? [] : jsonOf(column, text, problems)
  }
  const own = known.fields.flatMap(({ key, type }) => {
    const text = cells.get(OWN + key)
    return text === undefined ? [] : [[key, ownValue(type, text)] as const]
  })
  if (own.length > 0) body['custom'] = Object.fromEntries(own.filter(([, value]) => !isNew || value !== null))
  return body
}

function jsonOf(path: string, text: string, problems: FieldError[]): unknown {
  try {
    return JSON.parse(text)
  } catch {
    problems.push({ path, message: 'must be JSON, as in an export' })
    return []
  }
}

function ownValue(type: string, text: string): string | number | boolean | null {
  if (text.trim() === '') return null
  if (type === 'number' && Number.isFinite(Number(text))) return Number(text)
  if (type === 'boolean' && /^(true|false)$/i.test(text)) return text.toLowerCase() === 'true'
  return text
}

/** What the checks of an ordinary request say against a body. */
function checked<T>(schema: z.ZodType<T>, body: unknown, problems: FieldError[]): T | undefined {
  const { data, error } = schema.safeParse(body)
  for (const { path, message } of error?.issues ?? []) problems.push({ path: path.join('.'), message })
  return data
}

/** Runs a check that throws its field errors, and collects them. */
function collecting<T>(problems: FieldError[], check: () => T): T | undefined {
  try {
    return check()
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'invalid_input') throw error
    problems.push(...(error.errors ?? [{ path: '', message: error.message }]))
    return undefined
  }
}

/** A row of a file by the names of its columns. */
export type Named = { line: number; cells: Map<string, string> }

export function planCreate({ line, cells }: Named, known: Known): Planned {
  const problems: FieldError[] = []
  const currency = cells.get('currency')
  const body = {
    ...bodyOf(cells, known, true, problems),
    tenantId: known.tenantId,
    ...(currency ? { currency } : {}),
  }
  const create = checked(customerCreate, body, problems)
  if (create) {
    collecting(problems, () => applyFields(known.fields, {}, create.custom))
    collecting(problems, () => checkTaxIds(create.taxIds))
  }
  const outcome = problems.length > 0 ? 'refused' : 'create'
  const row = {
    line,
    outcome,
    name: cells.get('name') ?? '',
    customerId: null,
    changes: [],
    problems,
  } as const
  return { ...row, changes: [], problems, ...(create && { create }) }
}

export function planUpdate({ line, cells }: Named, known: Known, before: Customer): Planned {
  const problems: FieldError[] = []
  const currency = cells.get('currency')
  if (currency && currency !== before.currency)
    problems.push({ path: 'currency', message: `the currency of a customer is fixed: ${before.currency}` })
  const update = checked(customerUpdate, bodyOf(cells, known, false, problems), problems)
  const changes: string[] = []
  if (update) {
    const { custom, taxIds } = update
    const after: Record<string, unknown> = {
      ...update,
      ...(update.language && { language: Intl.getCanonicalLocales(update.language)[0] }),
      ...(update.tags && { tags: [...new Set(update.tags)] }),
      ...(taxIds && { taxIds: collecting(problems, () => checkTaxIds(taxIds)) }),
    }
    const own =
      custom === undefined
        ? before.custom
        : collecting(problems, () => applyFields(known.fields, before.custom, custom))
    const was: Record<string, unknown> = { ...before, groupId: before.group?.id ?? null }
    for (const [name, value] of Object.entries(after))
      if (name !== 'custom' && canonicalJson(value ?? null) !== canonicalJson(was[name] ?? null))
        changes.push(name === 'groupId' ? 'group' : name)
    for (const key of Object.keys(custom ?? {}))
      if (own && own[key] !== before.custom[key]) changes.push(OWN + key)
  }
  const outcome = problems.length > 0 ? 'refused' : changes.length > 0 ? 'update' : 'unchanged'
  const name = cells.get('name') || before.name
  return { line, outcome, name, customerId: before.id, changes, problems, ...(update && { update }) }
}

export const planRefused = (line: number, name: string, path: string, message: string): Planned => ({
  line,
  outcome: 'refused',
  name,
  customerId: null,
  changes: [],
  problems: [{ path, message }],
})
