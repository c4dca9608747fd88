import { hash, verify } from '@node-rs/argon2'
import { randomToken } from './crypto.ts'

/** OWASP's minimum for argon2id: 19 MiB, two passes. */
const ARGON = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }
const AT_ONCE = 4

let running = 0
const waiting: (() => void)[] = []

/** Each computation takes 19 MiB and a core: a flood of log-ins waits instead of taking the whole machine. */
async function limited<T>(work: () => Promise<T>): Promise<T> {
  if (running >= AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve))
  else running++
  try {
    return await work()
  } finally {
    const next = waiting.shift()
    if (next) next()
    else running--
  }
}

export const hashPassword = (password: string): Promise<string> => limited(() => hash(password, ARGON))

let dummyHash: Promise<string> | undefined

/** Whether it is the password of this hash. Without a hash (nobody has that e-mail) it is wrong and takes as long. */
export async function isPassword(stored: string | null, password: string): Promise<boolean> {
  const against = stored ?? (await (dummyHash ??= hashPassword(randomToken())))
  return (await limited(() => verify(against, password))) && stored !== null
}

/** Whether the hash was made with other parameters than today's. */
export const isOutdated = (stored: string): boolean =>
  !stored.startsWith(`$argon2id$v=19$m=${ARGON.memoryCost},t=${ARGON.timeCost},p=${ARGON.parallelism}$`)
