import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, it } from 'vitest'
import { LANGUAGES, pageOf } from '../../shared/languages.ts'
import { buildPages } from '../../src/buildPages.ts'
import { ROOT } from '../rules/tree.ts'

const DIST = join(ROOT, 'web/dist')
const ASSETS = join(DIST, 'assets')
const MOST = 220_000

beforeAll(() => buildPages(() => {}), 120_000)

/** A file and what it imports at once; what is imported later, such as a dialog, is not waited for. */
function withImports(file: string, seen = new Set<string>()): Set<string> {
  if (seen.has(file)) return seen
  seen.add(file)
  if (!file.endsWith('.js')) return seen
  const code = readFileSync(join(ASSETS, file), 'utf8')
  for (const [, other] of code.matchAll(/(?:from|import)\s*"\.\/([\w.-]+\.js)"/g))
    withImports(other ?? '', seen)
  return seen
}

/** The chunks of a page, of which each language has its own: those that add the least to what is loaded belong to it. */
function withChunk(name: string, loaded: Set<string>): Set<string> {
  const chunks = readdirSync(ASSETS).filter((file) => file.startsWith(`${name}-`) && file.endsWith('.js'))
  const [least] = chunks
    .map((file) => withImports(file, new Set(loaded)))
    .toSorted((one, other) => one.size - other.size)
  expect(least, name).toBeDefined()
  return least ?? loaded
}

it.each(LANGUAGES)(
  'what is loaded before the log-in page or a list shows is at most 220 kB compressed: %s',
  (language) => {
    const html = readFileSync(join(DIST, pageOf(language)), 'utf8')
    const entry = new Set<string>()
    for (const [, file] of html.matchAll(/assets\/([\w.-]+\.(?:js|css))/g)) withImports(file ?? '', entry)
    const sizeOf = (files: Set<string>): number =>
      [...files].reduce((sum, file) => sum + statSync(join(ASSETS, `${file}.br`)).size, 0)
    const shell = withChunk('AppShell', entry)
    const sizes = {
      LoginPage: sizeOf(withChunk('LoginPage', entry)),
      ...Object.fromEntries(
        ['CustomersPage', 'CloudPodsPage', 'SubscriptionsPage', 'JobsPage', 'DashboardPage'].map((page) => [
          page,
          sizeOf(withChunk(page, shell)),
        ]),
      ),
    }
    expect(Object.entries(sizes).filter(([, size]) => size > MOST)).toEqual([])
  },
)
