// Makes `npm start` and `npm test` work on a fresh clone: runs before both, on any Node from 18, without dependencies.
//   node scripts/setup.mjs          installs the npm packages when they are missing or not those of package-lock.json
//   node scripts/setup.mjs --test   also installs what only the tests need from the system
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { accessSync, constants, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const modules = join(root, 'node_modules')
const pinnedNode = join(modules, '.bin', 'node')
const stampFile = join(modules, '.mpanel-lock')

/** Of PowerDNS's SQLite backend. */
const PDNS_SCHEMA = '/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql'

/** What the tests need that npm does not bring. */
const SYSTEM_NEEDS = [
  {
    what: 'Chromium without its windows (for the browser tests)',
    packages: ['chromium-headless-shell'],
    isThere: () => inPath('chromium-headless-shell'),
  },
  {
    what: 'proxmoxer for /usr/bin/python3 (a second opinion on the Proxmox simulator)',
    packages: ['python3-proxmoxer', 'python3-requests'],
    isThere: () => succeeds('/usr/bin/python3', ['-c', 'import proxmoxer, requests']),
  },
  {
    what: 'PHP with curl (for the module that WHMCS runs)',
    packages: ['php-cli', 'php-curl'],
    isThere: () => succeeds('php', ['-r', "exit((int) !function_exists('curl_init'));"]),
  },
  {
    what: 'PowerDNS (for the tests of zones)',
    packages: ['pdns-server', 'pdns-backend-sqlite3', 'sqlite3'],
    isThere: () => inPath('pdns_server') && inPath('sqlite3') && existsSync(PDNS_SCHEMA),
  },
  {
    what: 'Pebble (for the tests of certificates)',
    packages: ['pebble', 'openssl'],
    isThere: () => inPath('pebble') && inPath('openssl'),
  },
  {
    what: 'Net::EPP (a second opinion on the simulated registry)',
    packages: ['libnet-epp-perl'],
    isThere: () => succeeds('perl', ['-MNet::EPP::Simple', '-e', '1']),
  },
  {
    what: 'xmllint (for the documents that go to and from registries)',
    packages: ['libxml2-utils'],
    isThere: () => inPath('xmllint'),
  },
  {
    what: 'curl and jq (for the examples of the guide for programs)',
    packages: ['curl', 'jq'],
    isThere: () => inPath('curl') && inPath('jq'),
  },
]

const OLDEST_TO_INSTALL = 18
const [major, minor] = process.versions.node.split('.').map(Number)
if (major < OLDEST_TO_INSTALL)
  fail(
    `mPanel is installed by Node ${OLDEST_TO_INSTALL} or newer, and runs with 22.18 or newer; this is ${process.versions.node}. ` +
      'Install Node 24 from https://nodejs.org and start again.',
  )

const forTests = process.argv.includes('--test')
await ensurePackages()
if (forTests) await ensureSystemNeeds()

async function ensurePackages() {
  const lock = readFileSync(join(root, 'package-lock.json'))
  const stamp = createHash('sha256').update(lock).update(`${process.platform}-${process.arch}`).digest('hex')
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return
  const locked = JSON.parse(lock.toString()).packages
  if (!isInstalled(locked, true)) {
    // An image made by `npm ci --omit=dev` has all that `npm start` needs.
    if (!forTests && isInstalled(locked, false)) return ensureNode()
    await install()
    if (!isInstalled(locked, true))
      fail('npm installed other packages than package-lock.json names: run npm install to see why.')
  }
  ensureNode()
  try {
    writeFileSync(stampFile, stamp)
  } catch {
    // Installed for us by somebody else: we look again next time.
  }
}

/** Whether the locked packages are there already, perhaps by somebody's own `npm ci`. */
function isInstalled(locked, withDev) {
  const list = join(modules, '.package-lock.json')
  if (!existsSync(list)) return false
  const installed = JSON.parse(readFileSync(list, 'utf8')).packages
  return Object.entries(locked).every(([path, wanted]) => {
    if (path === '') return true
    if (installed[path]) return installed[path].version === wanted.version && existsSync(join(root, path))
    return (wanted.optional && !isForHere(wanted)) || wanted.peer || (wanted.dev && !withDev)
  })
}

/** npm goes on without an optional package whose download failed, but the binaries for this machine are needed. */
function isForHere({ os, cpu, libc }) {
  return os?.includes(process.platform) && cpu?.includes(process.arch) && (!libc || libc.includes(libcHere()))
}

function libcHere() {
  return process.report.getReport().header.glibcVersionRuntime ? 'glibc' : 'musl'
}

async function install() {
  try {
    accessSync(root, constants.W_OK)
  } catch {
    fail(
      `mPanel's packages must be installed, but ${root} cannot be written. Run this once as the folder's owner.`,
    )
  }
  // Not `npm ci`: it refuses a lock file without the binaries some registry lacks for other platforms, and it deletes
  // the Node it may be running on. No package needs its install script: PostgreSQL's links are made at its first start.
  const args = ['install', '--no-save', '--ignore-scripts', '--include=dev', '--include=optional']
  const { code, output } = await runShown('installing npm packages', 'npm', [...args, '--loglevel=error'])
  if (code !== 0) fail(`npm could not install the packages.\n${head(output)}\n${adviceFor(output)}`)
}

/** npm runs the rest with node_modules/.bin/node where this platform has one, else with the Node we run on. */
function ensureNode() {
  const isNewEnough = major > 22 || (major === 22 && minor >= 18)
  const pinned = spawnSync(pinnedNode, ['--version'], { encoding: 'utf8' })
  if (pinned.status === 0) {
    if (!isNewEnough)
      console.log(
        `Node ${process.versions.node} only installs: mPanel runs with ${pinned.stdout.trim()}, which came with its packages.`,
      )
    return
  }
  // A binary that cannot run here (another C library) would only stand in the way of a Node that can.
  rmSync(pinnedNode, { force: true })
  if (isNewEnough) return
  fail(
    `mPanel needs Node 22.18 or newer; this is ${process.versions.node}, and npm has no Node for ` +
      `${process.platform}-${process.arch}. Install Node 24 from https://nodejs.org and start again.`,
  )
}

async function ensureSystemNeeds() {
  const missing = SYSTEM_NEEDS.filter((need) => !need.isThere())
  if (missing.length === 0) return
  const packages = missing.flatMap((need) => need.packages)
  const byHand = `The tests need ${missing.map((need) => need.what).join(', ')}.
On Debian or Ubuntu: sudo apt-get install --no-install-recommends ${packages.join(' ')}
Elsewhere install the same and make sure they are found in PATH.`
  if (process.getuid?.() !== 0 || !inPath('apt-get')) fail(byHand)
  await withoutServices(async () => {
    for (const args of [['update'], ['install', '-y', '--no-install-recommends', ...packages]]) {
      const title = `apt-get ${args.filter((arg) => !arg.startsWith('-')).join(' ')}`
      const { code, output } = await runShown(title, 'apt-get', [
        '-q',
        '-o',
        'DPkg::Lock::Timeout=300',
        ...args,
      ])
      if (code !== 0) fail(`${title} failed.\n${tail(output)}\n${byHand}`)
    }
  })
}

/** Debian starts a service as soon as its package is installed, unless this file says no. */
async function withoutServices(work) {
  const policy = '/usr/sbin/policy-rc.d'
  const isOurs = !existsSync(policy)
  if (isOurs) writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 })
  const remove = () => isOurs && rmSync(policy, { force: true })
  process.once('exit', remove)
  await work()
  remove()
}

/** Runs a program and shows that it is alive: a counter in a terminal, else a line every ten seconds. */
async function runShown(title, program, args) {
  const begun = Date.now()
  const seconds = () => Math.round((Date.now() - begun) / 1000)
  const isTerminal = process.stdout.isTTY
  const show = () =>
    process.stdout.write(isTerminal ? `\r${title} … ${seconds()} s` : `${title} … ${seconds()} s\n`)
  show()
  const timer = setInterval(show, isTerminal ? 1_000 : 10_000)
  // npm itself must not run on the Node it is about to replace.
  const path = process.env.PATH.split(delimiter).filter((it) => !it.endsWith(join('node_modules', '.bin')))
  const env = { ...process.env, PATH: path.join(delimiter), DEBIAN_FRONTEND: 'noninteractive' }
  const child = spawn(program, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  child.stdout.on('data', (chunk) => (output += chunk))
  child.stderr.on('data', (chunk) => (output += chunk))
  const code = await new Promise((resolve) => {
    child.once('error', (error) => resolve(((output += error.message), 1)))
    child.once('close', resolve)
  })
  clearInterval(timer)
  process.stdout.write(
    `${isTerminal ? '\r' : ''}${title}: ${code === 0 ? 'done' : 'failed'} after ${seconds()} s\n`,
  )
  return { code, output }
}

function adviceFor(output) {
  if (/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|network/i.test(output))
    return 'The npm registry cannot be reached: check the network, or npm\'s "registry" and "proxy" settings.'
  if (/EACCES|EPERM|EROFS/.test(output)) return `${root} cannot be written: run this as its owner.`
  if (/ENOSPC/.test(output)) return 'The disk is full: mPanel needs about 600 MB.'
  if (/spawn npm ENOENT/.test(output)) return 'npm was not found: install it together with Node 24.'
  return 'Run npm install to see it in full.'
}

function head(output) {
  const lines = output.trim().split('\n')
  return lines
    .filter((line) => !/^npm error\s+at /.test(line))
    .slice(0, 12)
    .join('\n')
}

function tail(output) {
  return output.trim().split('\n').slice(-15).join('\n')
}

function inPath(program) {
  return [...process.env.PATH.split(delimiter), '/usr/sbin'].some((folder) =>
    existsSync(join(folder, program)),
  )
}

function succeeds(program, args) {
  return spawnSync(program, args, { stdio: 'ignore' }).status === 0
}

function fail(message) {
  console.error(`\n${message}`)
  process.exit(1)
}
