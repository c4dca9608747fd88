// `npm test`: the checks, then every test. `npm test -- test/lib` runs those tests alone, without the checks.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { randomInt } from 'node:crypto'
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildPages } from '../src/buildPages.ts'
import { some } from '../test/support/some.ts'
import { runChecks } from './check.ts'

type Report = {
  numPassedTests: number
  numPendingTests: number
  numTodoTests: number
  testResults: {
    name: string
    startTime: number
    endTime: number
    status: string
    assertionResults: { status: string }[]
  }[]
}

/**
 * Suites that try one thing from end to end, in the browser, with processes, failures, malice or other systems: an
 * everyday run takes a sixth of them, by chance.
 */
const WALKS = [
  'test/client/*.test.ts',
  'test/cloudPods/*.test.ts',
  'test/contracts/*.test.ts',
  'test/domains/*.test.ts',
  'test/e2e/*.e2e.test.ts',
  'test/integrations/*.test.ts',
  'test/provisioning/*.test.ts',
  'test/security/*.test.ts',
  'test/ssl/*.test.ts',
  'test/start/*.test.ts',
  'test/tenants/*.test.ts',
]
/** Without these nothing else counts, or they take their own share of what is alike. */
const ALWAYS = [
  'test/client/client.test.ts',
  'test/provisioning/crash.test.ts',
  'test/provisioning/harness.test.ts',
  'test/provisioning/harnessChanges.test.ts',
  'test/provisioning/harnessOthers.test.ts',
  'test/start/start.test.ts',
  'test/e2e/accessibility.e2e.test.ts',
  'test/e2e/rolesSeeTheirPlaces.e2e.test.ts',
  'test/security/fuzz.test.ts',
  'test/security/regularExpressions.test.ts',
  'test/security/apiKeysStayBelowTheirOwner.test.ts',
  'test/security/theServersLoginOwnsNothing.test.ts',
]

const given = process.argv.slice(2)
const checks = given.length === 0 ? await runChecks() : { passed: 0, failed: 0 }
// Else several suites would find at once that there are none, and each build them.
if (given.length === 0) await buildPages((line) => console.log(line))
const tests = await runTests(given.length === 0 ? leftOut() : given)

const [passed, failed] = [checks.passed + tests.passed, checks.failed + tests.failed]
console.log(`\n${passed} passed, ${failed} failed${tests.skipped > 0 ? `, ${tests.skipped} skipped` : ''}`)
process.exitCode = failed > 0 ? 1 : 0

/** @returns what is not run this time, as arguments of Vitest */
function leftOut(): string[] {
  const root = fileURLToPath(new URL('..', import.meta.url))
  const walks = shuffled(globSync(WALKS, { cwd: root }).filter((file) => !ALWAYS.includes(file)))
  const taken = new Set(some(walks, 6))
  const others = walks.filter((file) => !taken.has(file)).toSorted()
  if (others.length > 0) console.log(`Left out this time, by chance: ${others.join(', ')}`)
  return others.map((file) => `--exclude=${file}`)
}

function shuffled<T>(list: readonly T[]): T[] {
  const rest = [...list]
  return list.flatMap(() => rest.splice(randomInt(rest.length), 1))
}

async function runTests(args: string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'mpanel-report-'))
  const file = join(folder, 'report.json')
  const vitest = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url))
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`]
  const child = spawn(process.execPath, [vitest, 'run', ...reporters, ...args], { stdio: 'inherit' })
  const [code] = (await once(child, 'exit')) as [number | null]
  const report = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Report) : null
  const counts = report ? count(report) : { passed: 0, failed: 0, skipped: 0 }
  if (report) printSlowest(report)
  rmSync(folder, { recursive: true, force: true })

  if (counts.passed + counts.failed === 0) console.log('No test ran.')
  // Vitest also fails on what belongs to no test, such as an error after the last one.
  const failedOtherwise = counts.failed === 0 && (code !== 0 || counts.passed === 0)
  return failedOtherwise ? { ...counts, failed: 1 } : counts
}

/** Where the time of a run goes, so that it is seen when a suite grows. */
function printSlowest({ testResults }: Report): void {
  const seconds = testResults.map((one) => ({
    name: one.name.replace(/^.*\/test\//, 'test/'),
    took: Math.round((one.endTime - one.startTime) / 1000),
  }))
  const slowest = seconds.toSorted((a, b) => b.took - a.took).slice(0, 12)
  console.log(`\nThe slowest: ${slowest.map(({ name, took }) => `${name} ${took} s`).join(', ')}`)
}

function count(report: Report) {
  const failedIn = (results: Report['testResults'][number]) =>
    results.assertionResults.filter(({ status }) => status === 'failed').length
  return {
    passed: report.numPassedTests,
    // A file that fails before its first test counts as one.
    failed: report.testResults.reduce(
      (sum, file) => sum + (file.status === 'failed' ? Math.max(1, failedIn(file)) : 0),
      0,
    ),
    skipped: report.numPendingTests + report.numTodoTests,
  }
}
