import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { expect } from 'vitest'
import { insist, openTenant } from '../chaos/customers.ts'
import type { World } from '../chaos/world.ts'
import type { Ordered } from '../support/api.ts'
import { rowsOf } from '../support/harnessWorld.ts'

/** Between two orders of a tenant. */
const PACE_MS = 500

export type Accepted = { id: string; hostname: string; at: number }
type Load = {
  tenants: string[]
  /** The orders that were answered with 201 so far. */
  accepted: readonly Accepted[]
  end(): Promise<void>
  /** Every order that was answered is there once, and became what was paid for. */
  expectAll(): Promise<void>
}

/** Tenants that order a pod and pay for it, one after the other, until it is ended. */
export async function orderSteadily(world: World, count: number): Promise<Load> {
  const tenants = []
  for (let n = 0; n < count; n += 1) tenants.push(await openTenant(world, 500))
  const accepted: Accepted[] = []
  const ended = new AbortController()
  const ordering = tenants.map(async ({ choice: { blueprints, ...wanted } }, tenant) => {
    for (let n = 0; !ended.signal.aborted; n += 1) {
      const hostname = `web-${tenant}-${n}`
      const order = { ...wanted, blueprintId: blueprints[n % 2], hostname }
      const { status, body } = await insist<Ordered>(world, '/api/admin/billing/subscriptions', order)
      expect(status, JSON.stringify(body)).toBe(201)
      accepted.push({ id: body.subscription.id, hostname, at: Date.now() })
      const { amount, currency } = body.invoice.total
      await insist(world, `/api/admin/billing/invoices/${body.invoice.id}/payments`, {
        amountMinor: amount,
        currency,
        reference: hostname,
      })
      await sleep(PACE_MS)
    }
  })
  const ids = tenants.map(({ id }) => id)
  return {
    tenants: ids,
    accepted,
    end: async () => {
      ended.abort()
      await Promise.all(ordering)
    },
    expectAll: async () => {
      const rows = await rowsOf(
        world,
        sql<{
          id: string
          state: string
          hostname: string
        }>`select s.id, s.state, p.hostname from subscriptions s
          join cloud_pods p on p.subscription_id = s.id where s.tenant_id in (${sql.join(ids)})`,
      )
      const there = (all: readonly { id: string; hostname: string }[]): string[] =>
        all.map(({ id, hostname }) => `${hostname} ${id}`).toSorted()
      expect(there(rows)).toEqual(there(accepted))
      expect(rows.filter(({ state }) => state !== 'active')).toEqual([])
    },
  }
}
