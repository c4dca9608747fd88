import type { SearchHit } from '../api/search.ts'

/** What was opened from the search lately, on this device and by this user. */
export type Recent = Pick<SearchHit, 'type' | 'id' | 'label' | 'tenant' | 'shownAt'>

const KEPT = 6
const keyOf = (userId: string): string => `mpanel.recent.${userId}`

export function recentOf(userId: string): Recent[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(keyOf(userId)) ?? '[]')
    return Array.isArray(kept) ? (kept as Recent[]) : []
  } catch {
    return []
  }
}

export function remember(userId: string, { type, id, label, tenant, shownAt }: Recent): void {
  const others = recentOf(userId).filter((one) => one.id !== id)
  try {
    localStorage.setItem(
      keyOf(userId),
      JSON.stringify([{ type, id, label, tenant, shownAt }, ...others].slice(0, KEPT)),
    )
  } catch {
    // A browser that keeps nothing has no recent ones.
  }
}
