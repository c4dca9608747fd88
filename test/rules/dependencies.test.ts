import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { makeSbom } from '../../scripts/sbom.ts'
import { ROOT } from './tree.ts'

const read = (path: string): unknown => JSON.parse(readFileSync(join(ROOT, path), 'utf8'))
type Package = Record<'dependencies' | 'devDependencies' | 'optionalDependencies', Record<string, string>>
const manifest = read('package.json') as Package
const declared = { ...manifest.dependencies, ...manifest.devDependencies, ...manifest.optionalDependencies }

it('the decision on dependencies names every package that is declared, and no other', () => {
  const text = readFileSync(join(ROOT, 'docs/decisions/0009-dependencies.md'), 'utf8')
  const rows = text.split('\n').filter((line) => line.startsWith('| `'))
  const named = rows.flatMap((row) =>
    [...(row.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)].map(([, name]) => name ?? ''),
  )
  expect(named.toSorted()).toEqual(Object.keys(declared).toSorted())
  for (const row of rows)
    expect(
      row
        .split('|')
        .map((cell) => cell.trim())
        .slice(1, 4),
    ).not.toContain('')
})

it('every version is exact, and the lock file names no host', () => {
  expect(Object.values(declared).filter((version) => !/^\d+\.\d+\.\d+[\w.-]*$/.test(version))).toEqual([])
  expect(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')).not.toContain('"resolved": "http')
})

type Lock = { packages: Record<string, { inBundle?: true }> }
type Sbom = {
  components: {
    name: string
    purl: string
    hashes?: { alg: string; content: string }[]
    licenses?: unknown[]
  }[]
  dependencies: { ref: string; dependsOn: string[] }[]
}

it('the bill of materials has every package that is shipped with its hash, each dependency of them, and no development one', () => {
  const sbom = JSON.parse(makeSbom(ROOT)) as Sbom
  const names = new Set(sbom.components.map(({ name }) => name))
  for (const name of Object.keys(manifest.dependencies)) expect(names).toContain(name)
  for (const name of ['vitest', 'playwright-core', 'pg-boss']) expect(names).not.toContain(name)
  const refs = new Set(sbom.components.map(({ purl }) => purl))
  expect(refs.size).toBe(sbom.components.length)
  // What comes within another package has its hash.
  const bundled = Object.values((read('package-lock.json') as Lock).packages).filter(
    ({ inBundle }) => inBundle,
  )
  const bare = sbom.components.filter(({ hashes }) => hashes?.[0]?.content.length !== 128)
  expect(bare.length).toBeLessThanOrEqual(bundled.length)
  const needed = sbom.dependencies.flatMap(({ dependsOn }) => dependsOn)
  expect(needed.filter((ref) => !refs.has(ref))).toEqual([])
  expect(sbom.dependencies[0]?.dependsOn.length).toBeGreaterThanOrEqual(
    Object.keys(manifest.dependencies).length,
  )
  expect(makeSbom(ROOT)).toBe(makeSbom(ROOT))
})
