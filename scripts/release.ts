// `npm run release`: an archive of this version with its built pages and the list of its packages (sbom.cdx.json), which runs where `npm ci --omit=dev` can.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildPages } from '../src/buildPages.ts'
import { VERSION } from '../src/version.ts'
import { makeSbom } from './sbom.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const CONTENTS = [
  'README.md',
  'CHANGELOG.md',
  'LICENSE',
  'package.json',
  'package-lock.json',
  'bin',
  'deploy',
  'docs',
  'integrations-php',
  'migrations',
  'packages/client/README.md',
  'packages/client/package.json',
  'packages/client/src',
  'scripts/setup.mjs',
  'shared',
  'sim',
  'src',
  'web/dist',
]

const name = `mpanel-${VERSION}`
const folder = process.argv[2] ?? join(ROOT, 'dist')
const archive = join(folder, `${name}.tar.gz`)
await buildPages((line) => console.log(line))
mkdirSync(folder, { recursive: true })
const made = mkdtempSync(join(tmpdir(), 'mpanel-release-'))
writeFileSync(join(made, 'sbom.cdx.json'), makeSbom(ROOT))
// The same sources give the same archive: names in order, no owners, one time.
const args = ['--sort=name', '--owner=0', '--group=0', '--numeric-owner', '--mtime=2026-01-01 00:00Z']
const tar = spawnSync(
  'tar',
  [
    '-C',
    ROOT,
    '-czf',
    archive,
    ...args,
    '--transform',
    `s,^,${name}/,`,
    ...CONTENTS,
    '-C',
    made,
    'sbom.cdx.json',
  ],
  {
    stdio: 'inherit',
  },
)
rmSync(made, { recursive: true })
if (tar.status !== 0) process.exit(1)
const sum = createHash('sha256').update(readFileSync(archive)).digest('hex')
console.log(`${archive}\nsha256 ${sum}`)
