// Who may import whom. The table below is the architecture; docs/ARCHITECTURE.md explains it.
import { basename, posix } from 'node:path'
import { type Source, readSources } from './sources.ts'

const OURS = ['src/lib', 'src/errors']
const SERVICES = ['src/services', 'src/db', 'src/context', 'src/words', ...OURS, 'shared']

/** A layer is a folder, or a file of that name. What is not listed (server, worker, cli, app, deps) wires things together. */
const MAY_IMPORT: Record<string, string[]> = {
  'packages/client': ['packages/client'],
  shared: ['shared'],
  'src/errors': [],
  'src/lib': OURS,
  'src/config': ['src/configVariables', ...OURS, 'shared'],
  'src/configVariables': OURS,
  'src/words': [...OURS, 'shared'],
  'src/operator': ['src/operator', 'packages/client', 'src/lib', 'src/config', 'src/errors'],
  'src/db': ['src/db', ...OURS, 'shared'],
  'src/integrations': OURS,
  'src/context': ['src/db', ...OURS, 'shared'],
  'src/services': SERVICES,
  'src/jobs': ['src/jobs', ...SERVICES],
  'src/middleware': ['src/middleware', 'src/services', 'src/context', ...OURS, 'shared'],
  'src/routes': ['src/routes', 'src/middleware', 'src/services', 'src/context', ...OURS, 'shared'],
  web: ['web', 'shared'],
}
const KNOW_VENDOR_TYPES = ['src/context', 'src/services', 'src/jobs']

// `ls src/*/cloudPod*` shows a whole feature: a file is named after its feature, or is a part that all features share.
const STEMS =
  /^(admin)?(customer|cloudPod|billing|subscription|dashboard|provisioning|domain|dns|ssl|user|tenant|audit|search|auth|webhook|health|mail|invitation|integration|singleUseToken)/i
const SHARED_PARTS: Record<string, string[]> = {
  'src/routes': ['index', 'define', 'register', 'registerCsv', 'registerScope'],
  'src/services': ['idempotencyService'],
  'src/jobs': ['index', 'steps', 'journal', 'errors', 'timers', 'execution', 'undo', 'plan'],
  'src/db': [
    'index',
    'queue',
    'migrate',
    'migrateOne',
    'migrateIndex',
    'types',
    'list',
    'listen',
    'timers',
    'idempotency',
    'installation',
    'installationFigures',
    'installationLock',
  ],
}

export function checkLayers(root: string): string[] {
  const sources = readSources(root, ['packages/client/src', 'src', 'shared', 'web'])
  return [
    ...sources.flatMap(checkImports),
    ...sources.flatMap(checkName),
    ...sources
      .filter(
        ({ file, readsEnvironment }) =>
          readsEnvironment && !file.startsWith('web/') && file !== 'src/config.ts',
      )
      .map(({ file }) => `${file} reads process.env: only src/config.ts may`),
    ...findCycles(sources).map((cycle) => `import cycle: ${cycle.join(' → ')}`),
  ]
}

function checkImports({ file, imports }: Source): string[] {
  return imports.flatMap(({ file: target, isType }) => {
    const reason = refuse(file, target, isType)
    return reason ? [`${file} may not import ${target}: ${reason}`] : []
  })
}

function refuse(file: string, target: string, isType: boolean): string | undefined {
  const [layer, targetLayer] = [layerOf(file), layerOf(target)]
  const [vendor, targetVendor] = [vendorOf(file), vendorOf(target)]
  if (targetVendor && vendor === targetVendor) return undefined
  if (target.endsWith('/client.ts') && targetVendor && file !== 'src/deps.ts')
    return 'only src/deps.ts makes clients'
  if (!layer) return undefined
  if (targetVendor && KNOW_VENDOR_TYPES.includes(layer)) {
    if (!isType) return 'only `import type` from an integration'
    return target.endsWith('/types.ts') ? undefined : "an integration's words are in its types.ts"
  }
  if (!targetLayer || !MAY_IMPORT[layer]?.includes(targetLayer))
    return `${layer} may not know ${targetLayer ?? target}`
  const feature = featureFolder(target)
  if (feature && !belongsTo(file, feature)) return `go through the service file of ${basename(feature)}`
  if (layer === 'web' && target.startsWith('shared/api/') && !isType)
    return 'only types, schemas stay on the server'
  return undefined
}

function layerOf(file: string): string | undefined {
  return Object.keys(MAY_IMPORT).find((layer) => file.startsWith(`${layer}/`) || file === `${layer}.ts`)
}

const vendorOf = (file: string) => /^src\/integrations\/[^/]+/.exec(file)?.[0]
const featureFolder = (file: string) => /^src\/services\/[^/]+(?=\/)/.exec(file)?.[0]

/** `services/cloudPods/…` is open to itself and to the service files beside it that begin with `cloudPod`. */
function belongsTo(file: string, folder: string): boolean {
  if (featureFolder(file) === folder) return true
  const stem = basename(folder).replace(/s$/, '').toLowerCase()
  return posix.dirname(file) === 'src/services' && basename(file).toLowerCase().startsWith(stem)
}

function checkName({ file }: Source): string[] {
  const [folder, name] = [file.split('/').slice(0, 2).join('/'), file.split('/')[2]?.replace(/\.ts$/, '')]
  const parts = SHARED_PARTS[folder]
  if (!parts || !name || STEMS.test(name) || parts.includes(name)) return []
  return [`${file} is not named after a feature (customer, cloudPod, billing, …: see scripts/checkLayers.ts)`]
}

function findCycles(sources: Source[]): string[][] {
  const importsOf = new Map(
    sources.map(({ file, imports }) => [file, imports.filter((it) => !it.isType).map((it) => it.file)]),
  )
  const found: string[][] = []
  const done = new Set<string>()
  const follow = (file: string, path: string[]) => {
    const start = path.indexOf(file)
    if (start >= 0) found.push([...path.slice(start), file])
    if (start >= 0 || done.has(file)) return
    for (const next of importsOf.get(file) ?? []) follow(next, [...path, file])
    done.add(file)
  }
  for (const file of importsOf.keys()) follow(file, [])
  return found
}
