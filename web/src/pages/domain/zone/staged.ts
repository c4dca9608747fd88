import type { MailProposal } from '../../../../../shared/mailPolicy.ts'
import type { TypedChange, ZoneRrset } from '../../../api/dnsZones.ts'

/** What was changed in the editor and is not saved yet, by name and type. */
export type Staged = ReadonlyMap<string, TypedChange>

export const keyOf = ({ name, type }: { name: string; type: string }): string => `${name} ${type}`

/** A set as the editor shows it: of one owner, with what is staged for it. */
export type Row = ZoneRrset & { staged: 'new' | 'changed' | 'removed' | null }

/** A name as it was typed, in full: so that what is staged stands where it will be. */
export function fullName(typed: string, zone: string): string {
  const name = typed.trim().toLowerCase()
  if (name === '' || name === '@') return zone
  if (name.endsWith('.')) return name
  return `${name}.`.endsWith(`.${zone}`) || `${name}.` === zone ? `${name}.` : `${name}.${zone}`
}

/** Without the zone's own name, as people write it into a zone file. */
export const shortName = (name: string, zone: string): string =>
  name === zone ? '@' : name.endsWith(`.${zone}`) ? name.slice(0, -zone.length - 1) : name

/** The sets of a zone as they would be after saving. */
export function rowsOf(zone: string, rrsets: readonly ZoneRrset[], staged: Staged): Row[] {
  const left = new Map(staged)
  const rows = rrsets.map((one): Row => {
    const change = one.managedBy === 'user' ? left.get(keyOf(one)) : undefined
    if (!change) return { ...one, staged: null }
    left.delete(keyOf(one))
    if (change.value === null) return { ...one, staged: 'removed' }
    return { ...one, value: { ...change.value, expiresAt: null }, staged: 'changed' }
  })
  const added = [...left.values()].flatMap(({ name, type, value }): Row[] =>
    value
      ? [{ name, type, managedBy: 'user', owner: '', value: { ...value, expiresAt: null }, staged: 'new' }]
      : [],
  )
  // As in a zone file: what the zone itself has stands first.
  const placed = rows.map((row) => ({ row, place: `${zone === row.name ? '' : row.name} ${row.type}` }))
  placed.sort((a, b) => (a.place < b.place ? -1 : 1))
  return [...added, ...placed.map(({ row }) => row)]
}

/** What was proposed, staged like any other change. */
export const withProposals = (staged: Staged, proposals: readonly MailProposal[], ttl: number): Staged =>
  new Map([
    ...staged,
    ...proposals.map(
      ({ name, type, contents }) =>
        [keyOf({ name, type }), { name, type, value: { ttl, contents, comment: '' } }] as const,
    ),
  ])
