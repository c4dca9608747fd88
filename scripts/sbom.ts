// The software bill of materials of a release (CycloneDX 1.5): every package that `npm ci --omit=dev` may install, from
// the lock file alone. `npm sbom --omit=dev` leaves out what a development package needs as well, so it is made here.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

type Locked = {
  version: string
  integrity?: string
  license?: string
  dev?: true
  optional?: true
  dependencies?: Record<string, string>
  optionalDependencies?: Record<string, string>
}
type Lock = { name: string; version: string; packages: Record<string, Locked> }

const nameOf = (path: string): string => path.split('node_modules/').at(-1) ?? ''
const purlOf = (name: string, version: string): string => `pkg:npm/${name.replace('@', '%40')}@${version}`

/** Where Node finds a dependency of the package at `path`: the nearest folder upwards that has it. */
function found(packages: Lock['packages'], path: string, name: string): string | undefined {
  for (let at = path; ; at = at.slice(0, Math.max(0, at.lastIndexOf('node_modules/') - 1))) {
    const candidate = `${at}${at === '' ? '' : '/'}node_modules/${name}`
    if (candidate in packages) return candidate
    if (at === '') return undefined
  }
}

/** A package may lie in several places. */
const byRef = <T extends object>(rows: T[], key: keyof T): T[] => [
  ...new Map(rows.map((row) => [row[key], row])).values(),
]

/** The same lock file gives the same document: it has neither a time nor a number of its own. */
export function makeSbom(root: string): string {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as Lock
  const { packages, name, version } = lock
  const shipped = Object.entries(packages).filter(([path, one]) => path.includes('node_modules/') && !one.dev)
  const refs = new Map(shipped.map(([path, one]) => [path, purlOf(nameOf(path), one.version)]))
  const own = purlOf(name, version)
  const components = shipped.map(([path, one]) => ({
    type: 'library',
    'bom-ref': refs.get(path),
    name: nameOf(path),
    version: one.version,
    purl: refs.get(path),
    scope: one.optional ? 'optional' : 'required',
    ...(one.license === undefined ? {} : { licenses: [{ expression: one.license }] }),
    ...(one.integrity === undefined ? {} : { hashes: [hashOf(one.integrity)] }),
  }))
  const dependencies = [['', own] as const, ...refs].map(([path, ref]) => ({
    ref,
    dependsOn: Object.keys({ ...packages[path]?.dependencies, ...packages[path]?.optionalDependencies })
      .map((dependency) => refs.get(found(packages, path, dependency) ?? ''))
      .filter((one) => one !== undefined)
      .toSorted(),
  }))
  const document = {
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    version: 1,
    metadata: { component: { type: 'application', 'bom-ref': own, name, version, purl: own } },
    components: byRef(components, 'bom-ref'),
    dependencies: byRef(dependencies, 'ref'),
  }
  return `${JSON.stringify(document, null, 2)}\n`
}

/** `sha512-<base64>` of the lock file, as CycloneDX writes it. */
function hashOf(integrity: string): { alg: string; content: string } {
  const [alg = '', base64 = ''] = (integrity.split(' ')[0] ?? '').split('-')
  return {
    alg: alg.toUpperCase().replace('SHA', 'SHA-'),
    content: Buffer.from(base64, 'base64').toString('hex'),
  }
}
