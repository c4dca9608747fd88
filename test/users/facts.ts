import { sql } from 'kysely'
import type { TestApp } from '../support/app.ts'

/** What the audit log says about a user’s log-ins, newest last: the action, and how or why not. */
export const loginFacts = (app: TestApp, userId: string): Promise<string[]> =>
  app.as(async (ctx) => {
    const { rows } = await sql<{ fact: string }>`
      select concat_ws(' ', action, details->>'by', details->>'why') as fact from audit_events
      where target_id = ${userId} order by id`.execute(ctx.tx)
    return rows.map(({ fact }) => fact)
  })
