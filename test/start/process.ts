import { spawn, type ChildProcess } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { mkdtemp } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const CLI = fileURLToPath(new URL('../../bin/mpanel.mjs', import.meta.url))

export type Run = {
  child: ChildProcess
  /** Everything printed so far. */
  output(): string
  /** Resolves with the first output that matches, rejects when the process ends before. */
  says(pattern: RegExp): Promise<RegExpMatchArray>
  /** The exit code, null after a signal. */
  ended: Promise<number | null>
}

/** Runs `mpanel <args>` as a process of its own with nothing in its environment but what is given. */
export function mpanel(args: string[], env: Record<string, string>, program = CLI): Run {
  const child = spawn(process.execPath, [program, ...args], {
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let text = ''
  const listeners = new Set<() => void>()
  const collect = (chunk: Buffer): void => {
    text += chunk.toString('utf8')
    for (const listener of listeners) listener()
  }
  child.stdout.on('data', collect)
  child.stderr.on('data', collect)
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve))
  return {
    child,
    ended,
    output: () => text,
    says: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const match = pattern.exec(text)
          if (!match) return
          listeners.delete(look)
          resolve(match)
        }
        listeners.add(look)
        void ended.then(() => reject(new Error(`it ended without saying ${pattern}:\n${text}`)))
        look()
      }),
  }
}

/** A folder that PostgreSQL's account may pass through. */
export const dataFolder = (): Promise<string> => mkdtemp(join(tmpdir(), 'mpanel-start-'))

/**
 * A port that was free a moment ago, below those that systems give to whoever asks for any: so it stays free while what
 * uses it is started again.
 */
export function freePort(): Promise<number> {
  const port = randomInt(12_000, 30_000)
  return new Promise((resolve) => {
    const server = createServer().once('error', () => resolve(freePort()))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(port)))
  })
}
