import { parse } from 'tldts'
import { AppError } from '../../errors.ts'
import { DnsError } from '../../lib/dns/errors.ts'
import { canonicalName, displayName, requireHost } from '../../lib/dns/names.ts'

export type DomainName = {
  /** In lower case, other scripts as A-labels, without a last dot. */
  name: string
  unicodeName: string
  /** What is registered at a registry, by the Public Suffix List. */
  registrableName: string
}

/** A name that somebody has typed. @throws AppError invalid_input when no domain can be called so */
export function readDomainName(typed: string): DomainName {
  try {
    const name = requireHost(canonicalName(typed, '.', 'full')).slice(0, -1)
    const { domain, isIcann, publicSuffix } = parse(name, { allowPrivateDomains: true })
    if (domain === null) throw new DnsError(`${name} is where others register names: add one below it.`)
    // A suffix that nobody runs is good for a test only: `.test` (RFC 6761) and `.example` (RFC 2606).
    if (
      isIcann === false &&
      publicSuffix !== null &&
      !publicSuffix.includes('.') &&
      !RESERVED.has(publicSuffix)
    )
      throw new DnsError(`There is no top-level domain .${publicSuffix}: check the spelling.`)
    return { name, unicodeName: displayName(name), registrableName: domain }
  } catch (error) {
    if (!(error instanceof DnsError)) throw error
    const { message } = error
    throw new AppError('invalid_input', message, { errors: [{ path: 'name', message }] })
  }
}

const RESERVED: ReadonlySet<string> = new Set(['test', 'example'])
