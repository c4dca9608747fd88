import type { World } from './model.ts'

/** What the parts of the simulator share. */
export type Sim = {
  world: World
  /** Where it can be reached; known once it listens. */
  url: string
  /** Seconds, by its own clock. */
  now(): number
  /** Something has changed: an event, and a message to each endpoint. */
  emit(type: string, object: Record<string, unknown>): void
}
