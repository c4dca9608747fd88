import type { Case } from './cases.ts'

export const SEARCH_CASES: Record<string, Case> = {
  search: async () => ({ query: '?q=ada' }),
}
