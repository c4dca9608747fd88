import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, openSync, readFileSync, renameSync, statSync } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { spawnAs } from './account.ts'
import type { Binaries } from './binaries.ts'
import type { Cluster } from './cluster.ts'
import { errorCode } from './errors.ts'

/** What postmaster.pid says. The file is stale whenever `isPostmaster(pid)` is false. */
export type Postmaster = { pid: number; port: number; status: string }

export function readPostmaster(clusterDir: string): Postmaster | null {
  try {
    const lines = readFileSync(join(clusterDir, 'postmaster.pid'), 'utf8').split('\n')
    return { pid: Number(lines[0]), port: Number(lines[3]), status: lines[7]?.trim() ?? 'starting' }
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(errorCode(error) ?? '')) return null
    throw error
  }
}

export function isAlive(pid: number): boolean {
  try {
    return pid > 0 && process.kill(pid, 0)
  } catch (error) {
    return errorCode(error) === 'EPERM'
  }
}

/** Whether `pid` is PostgreSQL's main process for this cluster, and not a zombie or a reused process number. */
export async function isPostmaster(pid: number, clusterDir: string): Promise<boolean> {
  if (!pid || !isAlive(pid)) return false
  const command = existsSync('/proc/self/cmdline')
    ? await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
    : (
        await promisify(execFile)('/bin/ps', ['-o', 'command=', '-p', String(pid)]).catch(() => ({
          stdout: '',
        }))
      ).stdout
  return command.replaceAll('\0', ' ').includes(`/postgres -D ${clusterDir} `)
}

/**
 * Puts a stale postmaster.pid out of PostgreSQL's way where it would refuse to start for ever: when the process number
 * in it meanwhile belongs to another process, it is replaced by one that cannot exist. (Without the file PostgreSQL
 * would skip its own check that no orphaned server process still uses the shared memory named there.) An empty file,
 * left by a crash or a full disk, is removed once nobody can be just about to fill it.
 */
export async function clearStale(clusterDir: string, pid: number): Promise<void> {
  const path = join(clusterDir, 'postmaster.pid')
  if (!pid) {
    const age = Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now())
    if (age > 5_000) await rm(path, { force: true })
  } else if (isAlive(pid)) {
    const text = await readFile(path, 'utf8')
    await writeFile(path, text.replace(/^\d+/, '2147483647'))
  }
}

export type LaunchOptions = { port: number; durable: boolean; logFile: string; deadline: number }

/** Starts PostgreSQL and waits until it takes connections. Answers with what it said if it gave up. */
export async function launch(
  cluster: Cluster,
  binaries: Binaries,
  options: LaunchOptions,
): Promise<{ port: number } | { failure: string }> {
  if ((statSync(options.logFile, { throwIfNoEntry: false })?.size ?? 0) > 10_000_000)
    renameSync(options.logFile, `${options.logFile}.1`)
  const logFd = openSync(options.logFile, 'a', 0o600)
  const logStart = statSync(options.logFile).size
  const port = options.port || (await freePort())
  const settings = {
    listen_addresses: '127.0.0.1',
    port,
    unix_socket_directories: '',
    ...speed(options.durable),
  }
  const child = spawn(
    binaries.postgres,
    ['-D', cluster.dir, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    { cwd: cluster.dir, detached: true, stdio: ['ignore', logFd, logFd], ...spawnAs(cluster.account) },
  )
  closeSync(logFd)
  // Detached, so that Ctrl+C reaches us alone and we stop it in order; should we be killed, it lives on to be adopted.
  child.unref()
  let spawnError = ''
  child.once('error', (error) => (spawnError = error.message))
  do {
    await sleep(10)
    const found = readPostmaster(cluster.dir)
    if (found && found.pid === child.pid && found.status === 'ready') return { port }
    if (Date.now() > options.deadline)
      return { failure: 'FATAL: it was not ready in time, and goes on starting' }
  } while (child.pid && child.exitCode === null && child.signalCode === null)
  return { failure: spawnError || readFileSync(options.logFile).subarray(logStart).toString('utf8') }
}

/** Fast shutdown: open transactions are rolled back, and everything committed is on disk when this returns. */
export async function shutDown(clusterDir: string, timeoutMs: number): Promise<boolean> {
  const found = readPostmaster(clusterDir)
  if (!found || !(await isPostmaster(found.pid, clusterDir))) return true
  process.kill(found.pid, 'SIGINT')
  for (const end = Date.now() + timeoutMs; Date.now() < end; await sleep(10)) {
    if (!(await isPostmaster(found.pid, clusterDir))) return true
  }
  return false
}

const speed = (durable: boolean) =>
  durable ? {} : { fsync: 'off', full_page_writes: 'off', max_wal_size: '4GB' }

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  return typeof address === 'object' && address ? address.port : 0
}
