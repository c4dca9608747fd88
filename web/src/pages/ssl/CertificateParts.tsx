import { t } from '../../../../shared/text.ts'
import type { SslCertificateDetail, SslVersion } from '../../api/ssl.ts'
import { humanize } from '../../lib/words.ts'
import { Badge, type Tone } from '../../ui/Badge.tsx'
import { Card } from '../../ui/Card.tsx'
import { CopyId } from '../../ui/CopyId.tsx'
import { DataTable, type Column } from '../../ui/DataTable.tsx'
import { Time } from '../../ui/Time.tsx'

/** The chain that is in force, from the certificate to the last one that is sent along. */
export function Chain({ chain }: Pick<SslCertificateDetail, 'chain'>) {
  return (
    <Card title="Chain">
      <ol className="space-y-3">
        {chain.map(({ subject, issuer, notAfter, fingerprint, keyType }) => (
          <li key={fingerprint} className="min-w-0 border-l-2 border-line pl-3">
            <p className="font-medium break-all">{subject || t`Without a name of its own`}</p>
            <p className="text-[13px] break-words text-muted">
              Signed by {issuer} · {keyType} · ends <Time at={notAfter} />
            </p>
            <CopyId id={fingerprint} what="fingerprint" />
          </li>
        ))}
      </ol>
    </Card>
  )
}

const TONE: Record<SslVersion['state'], Tone> = {
  current: 'success',
  superseded: 'neutral',
  revoked: 'danger',
}

const COLUMNS: Column<SslVersion>[] = [
  {
    header: t`Version`,
    render: ({ issuerName, fingerprint, revokeReason }) => (
      <>
        <p className="break-words">{issuerName}</p>
        <CopyId id={fingerprint} what="fingerprint" />
        {revokeReason && <p className="text-[13px] text-muted">{humanize(revokeReason)}</p>}
      </>
    ),
  },
  {
    header: t`State`,
    narrow: true,
    render: ({ state }) => <Badge tone={TONE[state]}>{humanize(state)}</Badge>,
  },
  { header: t`From`, narrow: true, from: 'md', render: ({ notBefore }) => <Time at={notBefore} /> },
  { header: t`Until`, narrow: true, from: 'sm', render: ({ notAfter }) => <Time at={notAfter} /> },
]

export function Versions({ certificate }: { certificate: SslCertificateDetail }) {
  return (
    <Card flush>
      {certificate.versions.length === 0 ? (
        <p className="p-4 text-muted">Nothing was issued yet.</p>
      ) : (
        <DataTable label="versions" columns={COLUMNS} rows={certificate.versions} rowKey={({ id }) => id} />
      )}
    </Card>
  )
}
