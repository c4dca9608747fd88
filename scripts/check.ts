// `npm run check`: everything about the code that needs no running system. All of it runs, then all faults are shown.
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { checkDocs } from './checkDocs.ts'
import { checkLayers } from './checkLayers.ts'
import { checkSizes } from './checkSizes.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

type Check = { name: string; run: () => string[] | Promise<string[]> }

const CHECKS: Check[] = [
  { name: 'types', run: program('tsc', '-p', 'tsconfig.json') },
  ...(existsSync(join(root, 'web/tsconfig.json'))
    ? [{ name: 'types of web', run: program('tsc', '-p', 'web/tsconfig.json') }]
    : []),
  { name: 'lint', run: program('oxlint', '--type-aware', '--deny-warnings') },
  { name: 'format', run: program('oxfmt', '--check') },
  { name: 'layers', run: () => checkLayers(root) },
  { name: 'dead code', run: program('knip', '--no-progress') },
  { name: 'documentation', run: () => checkDocs(root) },
  { name: 'sizes', run: sizes },
]

/** Two at once: type checkers are big, and a small machine has two cores. */
export async function runChecks(): Promise<{ passed: number; failed: number }> {
  const waiting = [...CHECKS]
  const problemsOf = new Map<Check, string[]>()
  const work = async () => {
    for (let check = waiting.shift(); check; check = waiting.shift()) {
      const begun = performance.now()
      const problems = await check.run()
      const seconds = ((performance.now() - begun) / 1000).toFixed(1)
      console.log(`${problems.length === 0 ? '✓' : '✗'} ${check.name} (${seconds} s)`)
      problemsOf.set(check, problems)
    }
  }
  await Promise.all([work(), work()])
  const failed = CHECKS.filter((check) => problemsOf.get(check)?.length !== 0)
  for (const check of failed) console.log(`\n✗ ${check.name}\n${problemsOf.get(check)?.join('\n')}`)
  const counts = { passed: CHECKS.length - failed.length, failed: failed.length }
  console.log(`\nChecks: ${counts.passed} passed, ${counts.failed} failed`)
  return counts
}

/** A program of node_modules that prints its own faults and then fails. */
function program(name: string, ...args: string[]): Check['run'] {
  return () =>
    new Promise((resolve) => {
      const options = { cwd: root, maxBuffer: 100_000_000 }
      execFile(join(root, 'node_modules/.bin', name), args, options, (error, stdout, stderr) => {
        resolve(error ? [`${stdout}${stderr}`.trim() || error.message] : [])
      })
    })
}

function sizes(): string[] {
  const { problems, warnings } = checkSizes(root)
  for (const warning of warnings) console.log(`  ${warning}`)
  return problems
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { failed } = await runChecks()
  process.exitCode = failed > 0 ? 1 : 0
}
