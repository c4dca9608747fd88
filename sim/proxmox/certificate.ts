import { X509Certificate } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { makeCertificates } from './x509.ts'
import type { CertificatePair } from './x509.ts'

export type ServerCertificate = CertificatePair & { fingerprint: string }

/** Reads the certificate kept in `file`, or makes one and keeps it there: clients that pinned it survive a restart. */
export function loadCertificate(file: string | undefined, host: string): ServerCertificate {
  const pair =
    (file && readKept(file)) || keep(file, makeCertificates([...new Set(['localhost', '127.0.0.1', host])]))
  return { ...pair, fingerprint: new X509Certificate(pair.certPem).fingerprint256 }
}

function readKept(file: string): CertificatePair | null {
  try {
    const kept = JSON.parse(readFileSync(file, 'utf8')) as CertificatePair
    return new Date(new X509Certificate(kept.certPem).validTo) > new Date() ? kept : null
  } catch {
    return null
  }
}

function keep(file: string | undefined, pair: CertificatePair): CertificatePair {
  if (file) {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, JSON.stringify(pair), { mode: 0o600 })
  }
  return pair
}
