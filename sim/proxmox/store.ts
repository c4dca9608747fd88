import { mkdirSync, readFileSync } from 'node:fs'
import { open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { State } from './model.ts'

/** Keeps the state in one file: written beside it and renamed, several changes in one write. */
export type Store = { changed: () => void; saved: () => Promise<void> }

export function readState(file: string): State | null {
  try {
    const read = JSON.parse(readFileSync(file, 'utf8')) as Partial<State>
    // A file of an earlier version has no firewalls.
    return { firewallOn: true, firewalls: {}, ...read } as State
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

export function openStore(file: string | undefined, state: () => State): Store {
  if (file === undefined) return { changed: () => {}, saved: async () => {} }
  mkdirSync(dirname(file), { recursive: true })
  let version = 0
  let savedVersion = 0
  let writing: Promise<void> | null = null

  const write = async () => {
    // Given a moment, the changes of one request and of its neighbours share a write.
    await new Promise((resolve) => setImmediate(resolve))
    const writes = version
    const temporary = `${file}.tmp`
    const handle = await open(temporary, 'w', 0o600)
    await handle.writeFile(JSON.stringify(state()))
    await handle.close()
    await rename(temporary, file)
    savedVersion = writes
  }
  const saved = async () => {
    const wanted = version
    const behind = () => savedVersion < wanted
    while (behind()) {
      writing ??= write().finally(() => {
        writing = null
      })
      await writing
    }
  }
  return {
    changed: () => {
      version += 1
      // A failed background write shows at the next `saved`, which tries again.
      setImmediate(() => void saved().catch(() => {}))
    },
    saved,
  }
}
