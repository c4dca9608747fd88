import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ROOT } from '../rules/tree.ts'
import { freePort } from '../start/process.ts'
import { startApp, until, type TestApp } from '../support/app.ts'
import { keyOf } from '../users/people.ts'

let app: TestApp
let folder = ''
const running: ChildProcess[] = []
beforeAll(async () => {
  app = await startApp({ env: { MPANEL_OUTGOING_NETWORKS: '127.0.0.0/8' } })
  await app.tenant()
  folder = await mkdtemp(join(tmpdir(), 'mpanel-guide-'))
  const client = join(folder, 'node_modules/@mpanel/client')
  await mkdir(client, { recursive: true })
  await run('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: join(ROOT, 'packages/client') })
  await run('sh', ['-c', `tar -xzf *.tgz -C ${client} --strip-components=1`], { cwd: folder })
  await writeFile(join(folder, 'package.json'), '{"type":"module"}')
})
afterAll(async () => {
  for (const child of running) child.kill()
  await app.close()
  await rm(folder, { recursive: true, force: true })
})

async function run(command: string, args: string[], { cwd }: { cwd: string }): Promise<string> {
  const child = spawn(command, args, { cwd })
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  if (code !== 0) throw new Error(`${command} ended with ${String(code)}: ${err}\n${out}`)
  return out
}

type Block = { language: 'sh' | 'ts'; code: string; expected: string[] }

/** The examples, one after the other. `# => text` says what is printed. */
const blocksOf = (page: string): Block[] =>
  [...page.matchAll(/^```(sh|ts)\n([\s\S]*?)^```$/gm)].map(([, language, code = '']) => ({
    language: language as Block['language'],
    code,
    expected: [...code.matchAll(/(?:#|\/\/) => (.+)$/gm)].map(([, line = '']) => line.trim()),
  }))

it('every example of the guide does what the guide says', async () => {
  const page = await readFile(join(ROOT, 'docs/api.md'), 'utf8')
  const admin = await keyOf(app, 'admin@example.com')
  const reader = await keyOf(app, 'admin@example.com', { scopes: ['customers:read'] })
  const port = await freePort()
  const real = (code: string): string =>
    code
      .replaceAll('https://panel.example.com', app.url)
      .replaceAll('mp_example', admin.token)
      .replaceAll('mp_reader', reader.token)
      .replaceAll('https://receiver.example.com', `http://127.0.0.1:${port}`)
      .replaceAll('listen(3000', `listen(${port}`)
  const blocks = blocksOf(page)
  expect(blocks.length).toBeGreaterThan(12)
  const state = join(folder, 'state.sh')
  await writeFile(state, '')
  const waiting: { out: () => string; expected: string[] }[] = []
  let program = ''
  for (const [n, { language, code, expected }] of blocks.entries()) {
    if (language === 'sh') {
      // The shell of the reader: what one block has set, the next ones know.
      const script = `set -eu -o pipefail -a; . ${state}\n${real(code)}\n{ export -p; declare -f; } > ${state}`
      expect(lines(await run('bash', ['-c', script], { cwd: folder })), code).toEqual(expected)
      continue
    }
    // A block without imports goes on with the program before it.
    program = code.startsWith('import') ? code : program + code
    const file = join(folder, `example-${n}.ts`)
    await writeFile(file, real(program))
    const start = ['-c', `. ${state}; exec ${process.execPath} ${file}`]
    if (program.includes('createServer(')) {
      const child = spawn('bash', start, { cwd: folder })
      running.push(child)
      let out = ''
      child.stdout.on('data', (part: Buffer) => (out += part.toString()))
      child.stderr.on('data', (part: Buffer) => (out += part.toString()))
      waiting.push({ out: () => out, expected })
      await until(() => isOpen(port), `the receiver: ${out}`)
      continue
    }
    const wanted = blocksOf(`\`\`\`ts\n${program}\`\`\``)[0]?.expected
    expect(lines(await run('bash', start, { cwd: folder })), code).toEqual(wanted)
  }
  for (const { out, expected } of waiting)
    await until(async () => lines(out()).length >= expected.length, `the receiver: ${out()}`).then(() =>
      expect(lines(out())).toEqual(expected),
    )
}, 300_000)

const isOpen = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false))
    socket.on('connect', () => socket.destroy())
  })

const lines = (out: string): string[] => out.split(/\r?\n/).filter((line) => line !== '')
