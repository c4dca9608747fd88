import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'

/** Programs of Debian that the test needs beside PostgreSQL's own; what is missing, with the way to get it. */
export function missingPrograms(): string | undefined {
  const missing = ['patroni', 'etcd', 'haproxy'].filter(
    (program) => spawnSync('sh', ['-c', `PATH=$PATH:/usr/sbin command -v ${program}`]).status !== 0,
  )
  return missing.length === 0
    ? undefined
    : `There is no ${missing.join(', no ')}: apt-get install patroni etcd-server haproxy postgresql-15`
}

/** PostgreSQL does not run as root: then its programs run as its own account. */
export function account(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined
  const id = (flag: string): number =>
    Number(spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' }).stdout.trim())
  return { uid: id('-u'), gid: id('-g') }
}

export type Program = { child: ChildProcess; kill(signal: NodeJS.Signals): Promise<void> }

/** Starts a program in a process group of its own, whose output goes to a file. */
export function run(
  command: string,
  args: string[],
  options: { log: string; env?: Record<string, string>; as?: { uid: number; gid: number } | undefined },
): Program {
  const log = openSync(options.log, 'a')
  const child = spawn(command, args, {
    stdio: ['ignore', log, log],
    detached: true,
    env: { PATH: `${process.env['PATH']}:/usr/sbin`, HOME: '/', ...options.env },
    ...options.as,
  })
  closeSync(log)
  const ended = once(child, 'exit')
  return {
    child,
    kill: async (signal) => {
      if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
      process.kill(-child.pid, signal)
      await ended
    },
  }
}
