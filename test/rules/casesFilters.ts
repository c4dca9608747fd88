import { newId } from '../../src/lib/ids.ts'
import type { TestApp } from '../support/app.ts'
import { person, session } from '../users/people.ts'
import type { Case, Made } from './cases.ts'

const filter = () => ({ list: 'customers', name: newId(), search: { state: 'closed' } })

/** A filter of somebody of his own: nobody has more than a few hundred. */
async function saved(app: TestApp): Promise<Made> {
  const caller = (await session(app, (await person(app, 'SUPPORT')).email)).api
  const { status, body } = await caller.post<{ id: string }>('/api/auth/filters', filter())
  if (status !== 201) throw new Error(`the case could not be prepared: ${JSON.stringify(body)}`)
  return { caller, id: body.id }
}

export const filterCases: Record<string, Case> = {
  getSavedFilters: async () => ({}),
  saveFilter: async () => ({ body: filter() }),
  removeSavedFilter: saved,
}
