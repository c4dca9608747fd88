import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { StartupError } from './errors.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const SOURCES = [
  'web/src',
  'web/public',
  'web/locales',
  'web/index.html',
  'web/build',
  'web/vite.config.ts',
  'shared',
  'package-lock.json',
]
const PAGES = join(ROOT, 'web/dist')
const STAMP = '.built-from'

/**
 * Builds the web pages when their sources have changed since the last build; a release without sources is left alone.
 * They are built aside and put in place whole: a server that starts meanwhile lists the folder's files once, and one
 * that runs goes on serving them.
 */
export async function buildPages(say: (line: string) => void): Promise<void> {
  if (!existsSync(join(ROOT, 'web/src'))) return
  const fingerprint = fingerprintOf(SOURCES.map((source) => join(ROOT, source)))
  const areCurrent = (): boolean =>
    existsSync(join(PAGES, STAMP)) && readFileSync(join(PAGES, STAMP), 'utf8') === fingerprint
  if (areCurrent()) return
  say('building the web pages')
  const aside = mkdtempSync(join(ROOT, 'web/.building-'))
  const old = `${aside}-old`
  try {
    await runVite(aside)
    writeFileSync(join(aside, STAMP), fingerprint)
    // Another start may have built the same meanwhile.
    if (areCurrent()) return
    if (existsSync(PAGES)) renameSync(PAGES, old)
    renameSync(aside, PAGES)
  } finally {
    for (const left of [aside, old]) rmSync(left, { recursive: true, force: true })
  }
}

/** Names, sizes and times of change: reading every file would cost a warm start more. */
function fingerprintOf(paths: string[]): string {
  const hash = createHash('sha256')
  const visit = (path: string): void => {
    const stat = statSync(path, { throwIfNoEntry: false })
    if (!stat) return
    if (stat.isDirectory()) for (const name of readdirSync(path).toSorted()) visit(join(path, name))
    else hash.update(`${path}:${stat.size}:${stat.mtimeMs}\n`)
  }
  for (const path of paths) visit(path)
  return hash.digest('hex')
}

/** In a process of its own: a build keeps an event loop busy for seconds. */
function runVite(into: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const output: Buffer[] = []
    const vite = spawn(process.execPath, [join(ROOT, 'web/build/pages.ts'), into], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    vite.stdout.on('data', (chunk: Buffer) => output.push(chunk))
    vite.stderr.on('data', (chunk: Buffer) => output.push(chunk))
    vite.on('error', reject)
    vite.on('exit', (code) =>
      code === 0
        ? resolve()
        : reject(
            new StartupError(
              `The web pages could not be built:\n${Buffer.concat(output).toString('utf8').trim()}`,
            ),
          ),
    )
  })
}
