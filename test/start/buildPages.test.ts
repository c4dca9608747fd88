import { execFile } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

test('two starts that build the pages beside each other never leave a third one without them, nor anything behind', async () => {
  const copy = mkdtempSync(join(tmpdir(), 'mpanel-pages-'))
  try {
    for (const part of ['src', 'shared', 'web', 'package.json', 'package-lock.json'])
      cpSync(join(ROOT, part), join(copy, part), {
        recursive: true,
        filter: (path) => !/node_modules|web\/(dist|\.building)/.test(path.slice(ROOT.length)),
      })
    symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'))
    const build = () =>
      promisify(execFile)(
        process.execPath,
        ['-e', `import('./src/buildPages.ts').then(({ buildPages }) => buildPages(console.log))`],
        { cwd: copy },
      )
    mkdirSync(join(copy, 'web/dist'))
    writeFileSync(join(copy, 'web/dist/index.html'), 'of the release before')
    const isThere = () => existsSync(join(copy, 'web/dist/index.html'))
    let missing = 0
    const watching = setInterval(() => {
      // Between two renames is a moment without; building takes seconds.
      if (!isThere()) setTimeout(() => void (isThere() || missing++), 5)
    }, 1)
    const said = await Promise.all([build(), build()])
    clearInterval(watching)
    expect(said.map(({ stdout }) => stdout)).toEqual(Array(2).fill('building the web pages\n'))
    expect(missing, 'times that the pages were missing').toBe(0)
    expect(readdirSync(join(copy, 'web')).toSorted()).toEqual(
      [
        ...readdirSync(join(ROOT, 'web')).filter((name) => !/^(dist|\.building.*)$/.test(name)),
        'dist',
      ].toSorted(),
    )
  } finally {
    rmSync(copy, { recursive: true, force: true })
  }
}, 120_000)
