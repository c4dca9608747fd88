import type { PostgresPool, PostgresPoolClient } from 'kysely'
import { DatabaseError, type Pool, type PoolClient } from 'pg'

/** How many statements a connection keeps; each costs the server some ten kilobytes. */
const KEPT = 300
/** How many texts that were sent once it remembers. */
const SEEN = 1_000

/**
 * The pool for Kysely, whose connections ask for a statement by name from the second time on: PostgreSQL then parses it,
 * puts row-level security into it and mostly plans it once a connection instead of at every call.
 */
export function preparing(pool: Pool): PostgresPool {
  const clients = new WeakMap<PoolClient, PostgresPoolClient>()
  return {
    options: pool.options,
    end: () => pool.end(),
    async connect() {
      const client = await pool.connect()
      const known = clients.get(client) ?? new PreparingClient(client)
      clients.set(client, known)
      return known
    },
  }
}

/** Whether none of the pool's connections came free in time: an error without a code, known by its sentence alone. */
export const isNoneFree = (error: unknown): boolean =>
  error instanceof Error && error.message === 'timeout exceeded when trying to connect'

/**
 * The error of a statement that was kept when a migration changed what it returns. The connection that raised it
 * has forgotten all it kept, so the transaction can run again.
 */
export const isStalePlan = (error: unknown): boolean =>
  error instanceof DatabaseError && error.routine === 'RevalidateCachedQuery'

/**
 * Without values it may be several statements, which have no names. One with a list is planned for that list: a plan for any
 * list takes it to have ten entries, looks cheaper than it is, and takes minutes for ten thousand.
 */
const isKept = (values: readonly unknown[]): boolean =>
  values.length > 0 && !values.some((value) => Array.isArray(value))

class PreparingClient implements PostgresPoolClient {
  #client: PoolClient
  #kept = new Map<string, string>()
  #once = new Set<string>()
  #generation = 0

  constructor(client: PoolClient) {
    this.#client = client
  }

  // Kysely's other form, with a cursor, is not used here.
  query = (async (text: string, values: readonly unknown[]) => {
    const name = isKept(values) ? this.#nameOf(text) : undefined
    try {
      return await this.#client.query({ name, text, values: [...values] })
    } catch (error) {
      if (isStalePlan(error)) this.#forget()
      throw error
    }
  }) as unknown as PostgresPoolClient['query']

  release(destroy?: boolean): void {
    this.#client.release(destroy)
  }

  #nameOf(text: string): string | undefined {
    const name = this.#kept.get(text)
    if (name !== undefined || this.#kept.size === KEPT) return name
    if (!this.#once.delete(text)) {
      if (this.#once.size === SEEN) this.#once.clear()
      this.#once.add(text)
      return undefined
    }
    const next = `kept_${this.#generation}_${this.#kept.size}`
    this.#kept.set(text, next)
    return next
  }

  #forget(): void {
    this.#generation++
    this.#kept.clear()
  }
}
