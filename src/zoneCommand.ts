import { readFile } from 'node:fs/promises'
import { StartupError } from './errors.ts'
import { zoneProblems } from './lib/dns/checks.ts'
import { DnsError } from './lib/dns/errors.ts'
import { canonicalName, displayName } from './lib/dns/names.ts'
import { readZoneFile } from './lib/dns/zoneFile.ts'

const DEFAULT_TTL = 3_600

/**
 * Reads a zone file as mPanel does and says what it would leave out, and what is wrong with the records together.
 * @returns the exit code: 0 nothing is wrong, 1 something is
 * @throws StartupError when the file cannot be read, or the zone has no name
 */
export async function checkZone(file: string, zone: string, say: (line: string) => void): Promise<number> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new StartupError(`${file} cannot be read: ${(error as Error).message}`)
  })
  const name = nameOf(zone)
  const { records, faults } = readZoneFile(text, name, DEFAULT_TTL)
  for (const { line, message } of faults) say(`line ${line}: ${message}`)
  const problems = zoneProblems(name, records)
  for (const { level, message } of problems) say(`${level}: ${message}`)
  const wrong = faults.length + problems.length
  say(
    `${displayName(name)}: ${records.length} records; ${wrong === 0 ? 'nothing is wrong' : `${wrong} ${wrong === 1 ? 'remark' : 'remarks'}`}`,
  )
  return faults.length > 0 || problems.some(({ level }) => level === 'error') ? 1 : 0
}

function nameOf(zone: string): string {
  try {
    return canonicalName(zone, '.', 'full')
  } catch (error) {
    throw error instanceof DnsError ? new StartupError(error.message) : error
  }
}
