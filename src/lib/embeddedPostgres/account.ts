import { statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { EmbeddedPostgresError } from './errors.ts'

/** Whom PostgreSQL runs as when mPanel runs as root, which PostgreSQL refuses. `null`: as whoever mPanel runs as. */
export type Account = { uid: number; gid: number } | null

/** The owner of an existing cluster keeps it; a new one goes to `postgres` or, where there is none, `nobody`. */
export async function chooseAccount(clusterDir: string): Promise<Account> {
  if (process.geteuid?.() !== 0) return null
  const owner = statSync(clusterDir, { throwIfNoEntry: false })
  if (owner && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid }
  const passwd = await readFile('/etc/passwd', 'utf8')
  for (const name of ['postgres', 'nobody']) {
    const [, , uid, gid] =
      passwd
        .split('\n')
        .find((line) => line.startsWith(`${name}:`))
        ?.split(':') ?? []
    if (uid && gid) return { uid: Number(uid), gid: Number(gid) }
  }
  throw new EmbeddedPostgresError(
    'PostgreSQL refuses to run as root and there is no account "postgres" or "nobody" to run it as. ' +
      'Start mPanel as an ordinary user, or set DATABASE_URL.',
  )
}

/** Whether the account may enter (or, for a file, execute) `path` and every folder above it. */
export function canReach(path: string, account: Account): boolean {
  if (!account) return true
  const { uid, gid, mode } = statSync(path)
  const bit = uid === account.uid ? 0o100 : gid === account.gid ? 0o010 : 0o001
  return (mode & bit) !== 0 && (dirname(path) === path || canReach(dirname(path), account))
}

/**
 * How PostgreSQL's programs are spawned. They get nothing of our environment: it may hold secrets, and PG* settings
 * meant for other servers.
 */
export const spawnAs = (account: Account) => ({ env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' }, ...account })
