import type { MergeChoice, MergePreview } from '../../../shared/api/customerMerge.ts'
import type { Customer } from '../../../shared/api/customers.ts'
import { AppError } from '../../errors.ts'
import { canonicalJson } from '../../lib/canonicalJson.ts'

type Field = MergePreview['fields'][number]

const SINGLE = ['name', 'company', 'kind', 'email', 'country', 'language', 'group', 'externalRef'] as const
const LISTS = ['tags', 'addresses', 'taxIds'] as const
const OWN = 'custom.'
const MOST = { tags: 20, addresses: 10, taxIds: 10 }

const same = (one: unknown, other: unknown): boolean =>
  canonicalJson(one ?? null) === canonicalJson(other ?? null)
const isEmpty = (value: unknown): boolean =>
  value === null || value === undefined || (Array.isArray(value) && value.length === 0)

/** Where two customers differ, with the choices there are and the one that loses least. */
export function differences(into: Customer, from: Customer): Field[] {
  const single = SINGLE.map((field): Field => ({
    field,
    into: into[field],
    from: from[field],
    choices: ['keep', 'take'],
    suggested: isEmpty(into[field]) ? 'take' : 'keep',
  }))
  const lists = LISTS.map((field): Field => ({
    field,
    into: into[field],
    from: from[field],
    choices: ['keep', 'take', 'both'],
    suggested: 'both',
  }))
  const keys = [...new Set([...Object.keys(into.custom), ...Object.keys(from.custom)])].toSorted()
  const own = keys.map((key): Field => ({
    field: OWN + key,
    into: into.custom[key] ?? null,
    from: from.custom[key] ?? null,
    choices: ['keep', 'take'],
    suggested: into.custom[key] === undefined ? 'take' : 'keep',
  }))
  return [...single, ...lists, ...own].filter((one) => !same(one.into, one.from))
}

/**
 * What of the survivor changes by the choices made, as the body of an update.
 * @throws AppError invalid_input for a choice that there is not, or a list that becomes too long
 */
export function chosen(fields: readonly Field[], choices: Record<string, MergeChoice>, from: Customer) {
  const known = new Map(fields.map((field) => [field.field, field]))
  for (const [name, choice] of Object.entries(choices))
    if (!known.get(name)?.choices.includes(choice)) throw refused(name, 'there is no such choice')
  const taken = new Map(
    fields.flatMap((field) => {
      const choice = choices[field.field] ?? field.suggested
      return choice === 'keep' ? [] : [[field.field, choice === 'both' ? both(field) : field.from] as const]
    }),
  )
  const custom = [...taken].filter(([name]) => name.startsWith(OWN))
  return {
    ...Object.fromEntries([...taken].filter(([name]) => !name.startsWith(OWN) && name !== 'group')),
    ...(taken.has('group') ? { groupId: from.group?.id ?? null } : {}),
    ...(custom.length > 0
      ? { custom: Object.fromEntries(custom.map(([name, value]) => [name.slice(OWN.length), value])) }
      : {}),
  } as Partial<Pick<Customer, Exclude<(typeof SINGLE)[number], 'group'> | (typeof LISTS)[number]>> & {
    groupId?: string | null
    custom?: Record<string, string | number | boolean | null>
  }
}

/** The survivor's first. Its billing address stays the one; the other's becomes an ordinary one. */
function both({ field, into, from }: Field): unknown[] {
  const [mine, theirs] = [into as unknown[], from as unknown[]]
  const hasBilling = mine.some((one) => (one as { kind?: string }).kind === 'billing')
  const joined = [
    ...mine,
    ...theirs
      .map((one) =>
        field === 'addresses' && hasBilling && (one as { kind: string }).kind === 'billing'
          ? { ...(one as object), kind: 'other' }
          : one,
      )
      .filter((one) => !mine.some((other) => same(one, other))),
  ]
  if (joined.length > MOST[field as keyof typeof MOST])
    throw refused(field, `both together are more than ${MOST[field as keyof typeof MOST]}: choose one side`)
  return joined
}

const refused = (name: string, message: string): AppError =>
  new AppError('invalid_input', `choices.${name}: ${message}`, {
    errors: [{ path: `choices.${name}`, message }],
  })
