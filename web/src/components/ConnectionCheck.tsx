import { useState, type ReactNode } from 'react'
import { t } from '../../../shared/text.ts'
import type { ClusterCheck } from '../api/provisioning.ts'
import { useSubmit } from '../api/submit.ts'
import { Button } from '../ui/Button.tsx'
import { Card, Facts } from '../ui/Card.tsx'
import { CopyId } from '../ui/CopyId.tsx'
import { Notice } from '../ui/Notice.tsx'
import { Time } from '../ui/Time.tsx'

/** Tries a connection and shows what was found. `ready`: whether there is something to try; `hint`: what is shown by it. */
export function ConnectionCheck<Answer>({
  ready,
  send,
  hint,
  children,
}: {
  ready: () => Promise<boolean>
  send: (key: string) => Promise<Answer>
  hint: string
  children: (found: Answer) => ReactNode
}) {
  const [found, setFound] = useState<Answer>()
  const check = useSubmit({ send: (_: undefined, key) => send(key), onDone: setFound })
  const begin = async () => {
    setFound(undefined)
    if (await ready()) check.mutate(undefined)
  }
  return (
    <Card
      title="Connection"
      actions={
        <Button size="sm" loading={check.isPending} onClick={() => void begin()}>
          Test the connection
        </Button>
      }
    >
      <div aria-live="polite" className="space-y-3">
        {check.error && <Notice tone="danger">{check.error.message}</Notice>}
        {found === undefined ? <p className="text-muted">{hint}</p> : children(found)}
      </div>
    </Card>
  )
}

/** The connection of a cluster. */
export function ClusterConnection({
  ready,
  send,
  onFingerprint,
}: {
  ready: () => Promise<boolean>
  send: (key: string) => Promise<ClusterCheck>
  /** Takes over the fingerprint that the server presents. */
  onFingerprint?: (fingerprint: string) => void
}) {
  return (
    <ConnectionCheck
      ready={ready}
      send={send}
      hint="Shows the server’s certificate, its version and nodes, and which privileges the token lacks."
    >
      {(found) => <Found found={found} onFingerprint={onFingerprint} />}
    </ConnectionCheck>
  )
}

function Found({
  found: { certificate, problem, version, nodes, missing },
  onFingerprint,
}: {
  found: ClusterCheck
  onFingerprint: ((fingerprint: string) => void) | undefined
}) {
  return (
    <>
      {problem ? (
        <Notice tone="danger" title="The connection cannot be used">
          {problem}
        </Notice>
      ) : missing.length > 0 ? (
        <Notice tone="warning" title="The token lacks privileges">
          <ul>
            {missing.map(({ path, privileges }) => (
              <li key={path} className="break-words">
                On {path}: {privileges.join(', ')}
              </li>
            ))}
          </ul>
        </Notice>
      ) : (
        <Notice tone="success">The connection works, and the token may do all that is needed.</Notice>
      )}
      <Facts
        facts={[
          version ? [t`Version`, version] : null,
          nodes.length > 0
            ? [t`Nodes`, nodes.map(({ name, status }) => `${name} (${status})`).join(', ')]
            : null,
          certificate ? [t`Certificate of`, certificate.subject] : null,
          certificate ? [t`Issued by`, certificate.issuer] : null,
          certificate ? [t`Valid until`, <Time key="until" at={certificate.validTo} />] : null,
          certificate
            ? ['SHA-256', <CopyId key="sha" id={certificate.fingerprint} what="fingerprint" full />]
            : null,
        ]}
      />
      {certificate && onFingerprint && (
        <Button size="sm" onClick={() => onFingerprint(certificate.fingerprint)}>
          Trust this fingerprint
        </Button>
      )}
    </>
  )
}
