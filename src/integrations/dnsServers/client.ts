import { createPowerDns } from './powerdns.ts'
import type { Send } from './powerdnsHttp.ts'
import type { DnsServer, DnsServerConnection } from './types.ts'
import { createZoneFiles } from './zoneFiles.ts'

/** A client of a DNS server of either kind. @param folder where zone files are kept */
export const createDnsServer = (
  send: Send,
  files: { folder: string; now: () => Date },
  connection: DnsServerConnection,
): DnsServer =>
  connection.kind === 'powerdns' ? createPowerDns(send, connection) : createZoneFiles(files.folder, files.now)
