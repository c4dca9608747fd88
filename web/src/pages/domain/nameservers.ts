import { t } from '../../../../shared/text.ts'
import type { NameServer } from '../../api/domainRegistrations.ts'

export const SERVERS_HINT = t`One in a line, at least two. One below the domain itself with its addresses behind it, such as “ns1.example.com 192.0.2.1”.`

export const readServers = (typed: string): NameServer[] =>
  typed
    .split('\n')
    .map((line) => line.trim().split(/[\s,]+/))
    .flatMap(([host = '', ...addresses]) => (host === '' ? [] : [{ host, addresses }]))

export const writeServers = (list: readonly NameServer[]): string =>
  list.map(({ host, addresses }) => [host, ...addresses].join(' ')).join('\n')
