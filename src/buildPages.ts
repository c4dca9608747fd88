import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { StartupError } from './errors.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const SOURCES = [
  'web/src',
  'web/public',
  'web/index.html',
  'web/vite.config.ts',
  'shared',
  'package-lock.json',
]
const STAMP = join(ROOT, 'web/dist/.built-from')

/** Builds the web pages when their sources have changed since the last build; a release without sources is left alone. */
export async function buildPages(say: (line: string) => void): Promise<void> {
  if (!existsSync(join(ROOT, 'web/src'))) return
  const fingerprint = fingerprintOf(SOURCES.map((source) => join(ROOT, source)))
  if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === fingerprint) return
  say('building the web pages')
  await runVite()
  mkdirSync(join(ROOT, 'web/dist'), { recursive: true })
  writeFileSync(STAMP, fingerprint)
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
function runVite(): Promise<void> {
  return new Promise((resolve, reject) => {
    const output: Buffer[] = []
    const vite = spawn(
      process.execPath,
      [join(ROOT, 'node_modules/vite/bin/vite.js'), 'build', '--config', 'web/vite.config.ts'],
      {
        cwd: ROOT,
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    )
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
