import { statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'

/** Where tests put databases: in memory if there is plenty, since making a database means a thousand small files. */
export function scratchRoot(): string {
  try {
    const { bavail, bsize } = statfsSync('/dev/shm')
    return bavail * bsize > 4e9 ? '/dev/shm' : tmpdir()
  } catch {
    return tmpdir()
  }
}
