import { connect } from 'node:net'
import { text as readText } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { buildPages } from '../../src/buildPages.ts'
import { startApp, type TestApp } from '../support/app.ts'

let app: TestApp
beforeAll(async () => {
  await buildPages(() => {})
  app = await startApp({ worker: false, blueprints: false })
}, 60_000)
afterAll(() => app.close())

/** Sends the address as it stands: `fetch` would tidy it first. */
async function get(path: string): Promise<string> {
  const { port, hostname } = new URL(app.url)
  const socket = connect(Number(port), hostname)
  socket.write(`GET ${path} HTTP/1.1\r\nhost: ${hostname}\r\nconnection: close\r\n\r\n`)
  return readText(socket)
}

const UPWARDS = ['..', '%2e%2e', '.%2e', '..%2f..', '..%5c..', '%252e%252e', '....//..', '..;', '..%00']
const TARGETS = ['package.json', 'src/cli.ts', 'etc/passwd']

test('the server does give out its own pages', async () => {
  expect(await get('/favicon.svg')).toContain('HTTP/1.1 200 OK')
})

test.each(UPWARDS.flatMap((up) => ['', 'assets/'].map((start) => `/${start}${up}/`)))(
  'no file outside of the built pages is given out by way of %s',
  async (start) => {
    for (const target of TARGETS) {
      for (const depth of [1, 2, 6]) {
        const answer = await get(start + start.slice(1).repeat(depth - 1) + target)
        expect(answer).not.toMatch(/"devDependencies"|root:x:0|commander|import .* from/)
        expect(answer).toMatch(/^HTTP\/1\.1 (400|404) |<div id="root">/)
      }
    }
  },
)

test.each(['/.data/secret.key', '//etc/passwd', '/C:/windows/win.ini', '/assets/', '/assets'])(
  'neither a hidden file nor a folder is shown at %s',
  async (path) => {
    expect(await get(path)).toMatch(/^HTTP\/1\.1 (400|404) |<div id="root">/)
  },
)
